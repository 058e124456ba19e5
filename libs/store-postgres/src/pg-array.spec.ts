import fc from 'fast-check';
import pg from 'pg';
import { testServerUrl } from '@lovage/testing';
import { plainArray, textArray } from './pg-array.ts';

describe('array literals', () => {
  test('an all-null column is NULL', () => {
    expect(plainArray([null, null])).toBeNull();
    expect(textArray([null])).toBeNull();
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
          const { rows } = await client.query('select $1::text[] as read', [textArray(values)]);
          expect(rows[0].read).toEqual(values);
        }),
        { numRuns: 200 },
      );
    } finally {
      await client.end();
    }
  });
});
