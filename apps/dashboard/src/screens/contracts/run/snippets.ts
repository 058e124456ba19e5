import { formatJson, isBigNumber } from '../../../api/json.ts';
import type { Submission } from '../../../api/queries/contracts.ts';

/** The same submit at a shell. */
export function curlOf(origin: string, name: string, body: Submission): string {
  const json = formatJson(body);
  return [
    `curl -s ${quoted(`${origin}/api/tasks/${encodeURIComponent(name)}`)} \\`,
    `  -H "X-API-Key: $KEY" -H 'Content-Type: application/json' \\`,
    `  -d ${quoted(json)}`,
  ].join('\n');
}

/** One word of a POSIX shell, whatever it holds. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The same submit in TypeScript, by the client of docs/client.md. */
export function typescriptOf(name: string, { input, options }: Submission): string {
  const given = options === undefined ? '' : `, ${literal(options)}`;
  return [
    '// lovage: a LovageClient of these contracts, see docs/client.md',
    `const contracts = new ContractRegistry(allContracts);`,
    `const handle = await lovage.submit(contracts.get(${literal(name)}), ${literal(input)}${given});`,
    `const result = await handle.result({ timeout: '30s' });`,
  ].join('\n');
}

/** A value as it is written in TypeScript: whole numbers that a double cannot hold as bigints. */
export function literal(value: unknown, level = 0): string {
  const inner = '  '.repeat(level + 1);
  const close = `\n${'  '.repeat(level)}`;
  if (isBigNumber(value)) return /^-?\d+$/.test(value.value) && !safe(value.value) ? `${value.value}n` : value.value;
  if (typeof value === 'string') return `'${escaped(value)}'`;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const parts = value.map((one) => literal(one, level + 1));
    return short(parts) ? `[${parts.join(', ')}]` : `[\n${parts.map((one) => `${inner}${one},`).join('\n')}${close}]`;
  }
  if (value !== null && typeof value === 'object') {
    const parts = Object.entries(value).map(([key, one]) => `${keyOf(key)}: ${literal(one, level + 1)}`);
    if (parts.length === 0) return '{}';
    return short(parts) ? `{ ${parts.join(', ')} }` : `{\n${parts.map((one) => `${inner}${one},`).join('\n')}${close}}`;
  }
  return JSON.stringify(value) ?? 'undefined';
}

const safe = (digits: string): boolean => Number.isSafeInteger(Number(digits));
const short = (parts: readonly string[]): boolean =>
  parts.reduce((sum, { length }) => sum + length + 2, 0) < 60 && !parts.some((one) => one.includes('\n'));
const escaped = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
    .replaceAll("'", String.raw`\'`);

/** `__proto__` in brackets: else it would be no field. */
function keyOf(key: string): string {
  if (key === '__proto__') return `['__proto__']`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${escaped(key)}'`;
}
