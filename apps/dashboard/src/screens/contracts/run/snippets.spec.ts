import { parseJson } from '../../../api/json.ts';
import { NO_OPTIONS, optionsOf } from './options.ts';
import { curlOf, literal } from './snippets.ts';

const HOSTILE = parseJson(
  String.raw`{"it's": "$(touch x) \u2028'; \"q\" \\ ` +
    '`id`' +
    String.raw`\n", "__proto__": [1, {"n": 9007199254740993}], "e": {}, "l": []}`,
);

test('one word of a shell holds exactly the JSON', () => {
  const command = curlOf('http://127.0.0.1:8000', 'math.add', { input: HOSTILE });
  const word = command.slice(command.indexOf("  -d '") + "  -d '".length, -1);
  // Within quotes of this kind a shell reads all as it is, but for their end.
  expect(word.split(String.raw`'\''`).join('')).not.toContain("'");
  expect(parseJson(word.replaceAll(String.raw`'\''`, "'"))).toEqual({ input: HOSTILE });
});

test('TypeScript reads the literal as the same value', () => {
  const made = new Function(`return ${literal(HOSTILE)}`)() as Record<string, unknown>;
  expect(Object.keys(made)).toEqual(["it's", '__proto__', 'e', 'l']);
  expect(made["it's"]).toBe((HOSTILE as Record<string, unknown>)["it's"]);
  expect(made['__proto__']).toEqual([1, { n: 9007199254740993n }]);
});

test('options that are empty are left out; a bare number is seconds', () => {
  expect(optionsOf(NO_OPTIONS)).toBeUndefined();
  expect(
    optionsOf({ ...NO_OPTIONS, delay: '10', expires: ' 5m ', priority: '9', tags: 'a, b,', unique: 'no' }),
  ).toEqual({
    ...{ delay: 10, expires: '5m', priority: 9, tags: ['a', 'b'], unique: false },
  });
  expect(optionsOf({ ...NO_OPTIONS, maxAttempts: 'x' })).toEqual({ retry: { maxAttempts: 'x' } });
});
