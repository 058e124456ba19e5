import fc from 'fast-check';
import pg from 'pg';
import { plainArray, textArray } from '@lovage/foundation';
import { testServerUrl } from '@lovage/testing';

describe('array literals', () => {
  test('an all-null column is NULL', () => {
    expect(plainArray([null, null])).toBeNull();
    expect(textArray([null])).toBeNull();
    expect(plainArray([])).toBeNull();
    expect(textArray([])).toBeNull();
  });

  test('plain values stand as they are, some of them null or not', () => {
    expect(plainArray([1, 2.5])).toBe('{1,2.5}');
    expect(plainArray([false, null, true, 0])).toBe('{false,NULL,true,0}');
  });

  test('Postgres reads back every text', async () => {
    const client = new pg.Client({ connectionString: await testServerUrl() });
    await client.connect();
    try {
      const column = fc.array(fc.option(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'))), {
        minLength: 1,
        maxLength: 8,
      });
      await fc.assert(
        fc.asyncProperty(column, async (values) => {
          fc.pre(values.some((value) => value !== null));
          // Columns without a null are written in another way.
          const full = values.map((value) => value ?? '');
          const literals = [textArray(values), textArray(full)];
          const { rows } = await client.query('select $1::text[] as some, $2::text[] as filled', literals);
          expect(rows).toEqual([{ some: values, filled: full }]);
        }),
        { numRuns: 200 },
      );
    } finally {
      await client.end();
    }
  });
});
