import { repoText, sourceFiles, tableUnder } from '../testing/repo-files.ts';

const page = repoText('docs/errors.md');
const files = sourceFiles().map(({ path, text }) => ({ path, text: text.replace(/\/\*[^]*?\*\//g, '') }));

/** A class's codes: the one it states, or those of the union that types it. */
function codesOf(body: string): string[] {
  const [, code, union] = /readonly code(?: = '([a-z][a-z0-9_]*)'|: (\w+))/.exec(body) ?? [];
  if (code) return [code];
  const [, members = ''] =
    files.map(({ text }) => new RegExp(`type ${union} =([^;]*);`).exec(text)).find(Boolean) ?? [];
  return [...members.matchAll(/'([a-z][a-z0-9_]*)'/g)].map(([, member]) => member!);
}

const classes = files.flatMap(({ path, text }) =>
  [...text.matchAll(/class (\w+)[^{]* extends LovageError \{([^]*?)^\}/gm)]
    .map(([, name, body]) => ({ path, name: name!, codes: codesOf(body!) }))
    // Its codes are those of the API's problems, which have a page of their own.
    .filter(({ name }) => name !== 'ProblemError'),
);

test('every error class has codes of its own', () => {
  expect(classes.length).toBeGreaterThan(20);
  expect(classes.filter(({ codes }) => codes.length === 0)).toEqual([]);
  const all = classes.flatMap(({ codes }) => codes);
  expect(all.filter((code, i) => all.indexOf(code) !== i)).toEqual([]);
});

test('no code is stated outside of such a class', () => {
  const stated = files.flatMap(({ text }) => [...text.matchAll(/readonly code = '([^']*)'/g)].map(([, code]) => code));
  const known = new Set<string | undefined>(classes.flatMap(({ codes }) => codes));
  expect(stated.filter((code) => !known.has(code))).toEqual([]);
});

test('docs/errors.md lists the errors of the code, all and no others, in order', () => {
  const listed = tableUnder(page, 'Errors in code').map(([code, name]) => `${code} (${name})`);
  const inCode = classes.flatMap(({ name, codes }) => codes.map((code) => `${code} (${name})`));
  expect(listed).toEqual(inCode.sort());
});

test('docs/errors.md tells of each what it means and what to do', () => {
  for (const cells of tableUnder(page, 'Errors in code'))
    expect(cells.map((cell) => cell.length > 0)).toEqual(Array(4).fill(true));
});

test('docs/errors.md lists the codes of refused messages, in order', () => {
  const source = repoText('libs/celery/src/reject-codes.ts');
  const codes = [...source.slice(0, source.indexOf('] as const')).matchAll(/^ {2}'(\w+)',$/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(20);
  expect(tableUnder(page, 'Refused messages').map(([code]) => code)).toEqual(codes);
});

test('docs/errors.md lists only types of failures that the code can record', () => {
  const types = tableUnder(page, 'Types of recorded failures').map(([type]) => type!);
  expect(types.length).toBeGreaterThan(5);
  for (const type of types)
    expect(files.some(({ text }) => text.includes(`class ${type} `) || text.includes(`'${type}'`))).toBe(true);
});
