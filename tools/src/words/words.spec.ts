import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALLOWED_TEXTS, NOT_CHECKED } from './allowed.ts';
import { checkRepository } from './check-repository.ts';
import { checkWords, plainWords } from './check-words.ts';
import { RETIRED_WORDS } from './retired-words.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const wordsIn = (text: string, path = 'a.ts'): string[] => checkWords(path, text).map(({ word }) => word);

test('the repository has no retired word', () => {
  expect(checkRepository(root).map(({ path, line, word, use }) => `${path}:${line} ${word} → ${use}`)).toEqual([]);
});

test.each([
  ['a variable', 'const turn = 1;', ['turn']],
  ['a name in camelCase', 'run(nextTurn);', ['turn']],
  ['a constant', 'const MAX_LETTER_BYTES = 1;', ['letter']],
  ['a comment', '// the message of an earlier turn is stale', ['turn']],
  ['SQL in a text', 'const sql = `select turn from outbox`;', ['turn']],
  ['a verb with its object', '// hands the task back', ['hand back']],
  ['a verb as a name', 'handBackAll();', ['hand back']],
  ['two words', '// whoever dies calls it off', ['call off', 'whoever']],
  ['a name alone', 'const why = who;', ['why', 'who']],
  ['a function that unsubscribes', 'const offReply = 1;', ['off…']],
  ['the same, by its bare name', 'const off = signal.on(tell);', ['off']],
  ['a pause', 'const LONGEST_REST_MS = 1;', ['rest']],
  ['an outcome', "return { kind: 'again', entry };", ['kind again']],
  ['what goes on in the next line of a comment', '// whether one is in the\n// way of another', ['in the way']],
  ['the same in a block of a class', '  /**\n   * Its claim is given\n   * back.\n   */', ['give back']],
  ['what a rename has made', '// follows it: generations what is found into events', ['generations for ever']],
])('it finds %s', (_, text, words) => {
  expect(wordsIn(text).sort()).toEqual([...words].sort());
});

test.each([
  ['a phrase of English', 'turns the text into JSON; letters and digits; turn it off'],
  ['a word of the field', 'const deadLetter = highWaterMark; // a byte-order mark'],
  ['a longer word', 'const returned = marketplace + bandwidth;'],
  ['a pronoun in a comment', '// tells why, and who asked'],
  ['a pronoun in a text', "fail('who asked, and why');"],
  ['a name that begins so', 'const offset = 1;'],
  ['a method of other code', "emitter.off('end', done);"],
  ['an end and a beginning', '// what it gives\nback.run();'],
  ['what is left', 'const { id, ...rest } = body;'],
])('it leaves %s alone', (_, text) => {
  expect(wordsIn(text)).toEqual([]);
});

test('a finding tells its place and the word to use', () => {
  expect(checkWords('docs/a.md', 'one\nof an earlier turn\n')).toEqual([
    {
      path: 'docs/a.md',
      line: 2,
      word: 'turn',
      use: expect.stringContaining('generation') as string,
      text: 'of an earlier turn',
    },
  ]);
});

test('a paragraph is read as a whole, cells and headings alone', () => {
  const text = 'one\n\nGathered, then gives them\nback to the queue.\n\n# It gives\nback\n\n- a list gives\n  back\n';
  expect(checkWords('docs/a.md', text).map(({ line, word }) => [line, word])).toEqual([
    [3, 'give back'],
    [9, 'give back'],
  ]);
});

test('what is allowed is passed over, and nothing else of its line', () => {
  const allowed = [/x-lovage-turn/g];
  expect(checkWords('a.ts', "read('x-lovage-turn');", allowed)).toEqual([]);
  expect(checkWords('a.ts', "turn = read('x-lovage-turn');", allowed)).toHaveLength(1);
});

test('names are taken apart', () => {
  expect(plainWords('handBack HAND_BACK hand-back RESTFields')).toBe('hand back hand back hand back rest fields');
});

test('what is not done yet is passed over by path and word', () => {
  const dir = mkdtempSync(join(tmpdir(), 'words-'));
  try {
    execFileSync('git', ['init', '-q'], { cwd: dir });
    writeFileSync(join(dir, 'a.ts'), 'const turn = letter;\n');
    writeFileSync(join(dir, 'b.ts'), 'const turn = 1;\n');
    const found = (pending = {}) => checkRepository(dir, pending).map(({ path, word }) => `${path} ${word}`);
    expect(found()).toEqual(['a.ts turn', 'a.ts letter', 'b.ts turn']);
    expect(found({ 'a.': ['turn'] })).toEqual(['a.ts letter', 'b.ts turn']);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('each word has another to use, and each exception its reason', () => {
  expect(new Set(RETIRED_WORDS.map(({ word }) => word)).size).toBe(RETIRED_WORDS.length);
  for (const { use, pattern } of RETIRED_WORDS) expect([use.length > 2, pattern.global]).toEqual([true, false]);
  for (const { reason } of [...NOT_CHECKED, ...ALLOWED_TEXTS]) expect(reason.length).toBeGreaterThan(5);
  for (const { text } of ALLOWED_TEXTS) expect(text.global).toBe(true);
});
