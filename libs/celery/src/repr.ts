/** As Celery cuts them, characters. */
const LENGTH = 1024;

/** A JSON value as Python's `repr` writes it, cut: what Celery's tools show of arguments and results. */
export function pythonRepr(value: unknown, length = LENGTH): string {
  const text = new Repr(length).of(value);
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}

/** Positional arguments as the tuple that they are in Python: `(1,)`, `(2, 3)`. */
export function pythonTuple(values: readonly unknown[], length = LENGTH): string {
  const list = pythonRepr(values, length);
  if (list.endsWith('...')) return `(${list.slice(1)}`;
  return values.length === 1 ? `(${list.slice(1, -1)},)` : `(${list.slice(1, -1)})`;
}

/** One walk, which ends when there is enough text. */
class Repr {
  private written = 0;

  constructor(private readonly length: number) {}

  of(value: unknown, depth = 0): string {
    if (typeof value === 'string') return this.add(quoted(value.slice(0, this.length)));
    if (value === null || value === undefined) return this.add('None');
    if (typeof value === 'boolean') return this.add(value ? 'True' : 'False');
    if (typeof value !== 'object') return this.add(String(value));
    if (depth > 20) return this.add('...');
    return Array.isArray(value) ? this.list(value, depth) : this.dict(value as Record<string, unknown>, depth);
  }

  private list(values: readonly unknown[], depth: number): string {
    let text = this.add('[');
    for (let i = 0; i < values.length && this.written <= this.length; i += 1)
      text += (i > 0 ? this.add(', ') : '') + this.of(values[i], depth + 1);
    return text + this.add(']');
  }

  private dict(value: Record<string, unknown>, depth: number): string {
    let text = this.add('{');
    let first = true;
    for (const key in value) {
      if (this.written > this.length) break;
      text += `${first ? '' : this.add(', ')}${this.of(key)}: ${this.of(value[key], depth + 1)}`;
      first = false;
    }
    return text + this.add('}');
  }

  private add(text: string): string {
    this.written += text.length;
    return text;
  }
}

/** In single quotes, unless only double ones need no escape. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/[\\\n\r\t\p{Cc}'"\p{Cs}]/gu, (char) => {
    if (char === '\n') return '\\n';
    if (char === '\r') return '\\r';
    if (char === '\t') return '\\t';
    if (char === '\\') return '\\\\';
    if (char === "'" || char === '"') return char === quote ? `\\${char}` : char;
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
  return `${quote}${escaped}${quote}`;
}
