/** One line of a JSON value drawn as a tree. */
export interface JsonLine {
  /** `$.order.items[2]`: where it is, as people write it. */
  readonly path: string;
  readonly depth: number;
  /** Its name in the object, or its place in the list; undefined: the value as a whole. */
  readonly name: string | number | undefined;
  readonly kind: 'object' | 'list' | 'text' | 'number' | 'boolean' | 'null';
  /** Of a text, number, boolean or null: as JSON writes it. */
  readonly text: string;
  /** Of an object or list: how many it holds. */
  readonly size: number;
  readonly value: unknown;
}

/** A number that keeps its digits: what is no plain JSON value but knows how it is written. */
const isNumberLike = (value: object): boolean => 'isLosslessNumber' in value;

export function kindOf(value: unknown): JsonLine['kind'] {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object') return isNumberLike(value) ? 'number' : 'object';
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'boolean' : 'number';
}

/** `$.a["odd name"][3]` */
export function pathOf(parent: string, name: string | number): string {
  if (typeof name === 'number') return `${parent}[${name}]`;
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `${parent}.${name}` : `${parent}[${JSON.stringify(name)}]`;
}

export interface LinesOptions {
  /** Paths whose children are shown. */
  readonly isOpen: (line: JsonLine) => boolean;
  /** Lines at most; a value of any size is cut there. */
  readonly most: number;
}

/** The lines of a value, those of closed objects and lists left out. Does not recurse: a value may be deep. */
export function linesOf(value: unknown, { isOpen, most }: LinesOptions): JsonLine[] {
  const lines: JsonLine[] = [];
  const waiting: { path: string; depth: number; name: string | number | undefined; value: unknown }[] = [
    { path: '$', depth: 0, name: undefined, value },
  ];
  while (waiting.length > 0 && lines.length < most) {
    const at = waiting.pop()!;
    const line = lineOf(at);
    lines.push(line);
    if (line.size === 0 || !isOpen(line)) continue;
    const entries: [string | number, unknown][] = Array.isArray(at.value)
      ? at.value.slice(0, most).map((one, index) => [index, one])
      : Object.entries(at.value as object).slice(0, most);
    for (const [name, one] of entries.reverse())
      waiting.push({ path: pathOf(at.path, name), depth: at.depth + 1, name, value: one });
  }
  return lines;
}

function lineOf(at: { path: string; depth: number; name: string | number | undefined; value: unknown }): JsonLine {
  const kind = kindOf(at.value);
  const size =
    kind === 'list' ? (at.value as unknown[]).length : kind === 'object' ? Object.keys(at.value as object).length : 0;
  const text =
    kind === 'text'
      ? JSON.stringify(at.value)
      : kind === 'object'
        ? '{}'
        : kind === 'list'
          ? '[]'
          : String(at.value ?? null);
  return { ...at, kind, size, text };
}

/** Whether a line is what somebody looks for, in its name or its value; `wanted` is in lower case. */
export function lineMatches(line: JsonLine, wanted: string): boolean {
  if (line.name !== undefined && String(line.name).toLowerCase().includes(wanted)) return true;
  return line.size === 0 && line.text.toLowerCase().includes(wanted);
}

/** The paths that a value leads through to what is looked for, and those of the finds. */
export function search(value: unknown, wanted: string, most: number): { through: Set<string>; found: Set<string> } {
  const through = new Set<string>();
  const found = new Set<string>();
  const trail: string[] = [];
  for (const line of linesOf(value, { isOpen: () => true, most })) {
    trail.length = line.depth;
    if (lineMatches(line, wanted)) {
      found.add(line.path);
      for (const path of trail) through.add(path);
    }
    trail.push(line.path);
  }
  return { through, found };
}
