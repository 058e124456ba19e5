import { z } from 'zod';
import { newId } from '@lovage/foundation';
import { createLog, openPlatform } from '@lovage/platform';
import { defineTask, type AnyContract } from '@lovage/task';
import { testDatabase } from '@lovage/testing';
import { checkContracts, findingLines } from './check-contracts.ts';

const output = z.null();
const name = 'shop.pay';
const first = defineTask({ name, output, input: z.strictObject({ cents: z.int() }) });
const required = defineTask({ name, output, input: z.strictObject({ cents: z.int(), currency: z.string() }) });
const second = defineTask({
  ...{ name, output, version: 2, input: z.strictObject({ amount: z.number() }) },
  migrate: { 1: (old: { cents: number }) => ({ amount: old.cents / 100 }) },
});
const unruled = defineTask({ name, output, version: 2, input: z.strictObject({ amount: z.number() }) });

/** A database in which version 1 was served, and tasks of it wait. */
async function release() {
  const db = await testDatabase();
  const log = createLog({ app: 'test', level: 'silent', format: 'json', fd: 2 });
  const platform = await openPlatform({ databaseUrl: db.url, brokerUrl: null, log } as never);
  await platform.start();
  await platform.contracts.served([first, defineTask({ name: 'shop.gone', output, input: z.strictObject({}) })]);
  const wait = (input: object, stamp: string | null, contract = name, state = 'QUEUED') =>
    db.query(
      `insert into tasks (id, name, queue, state, input, input_stamp, finished_at)
       values ($1, $2, 'default', $3, $4, $5, case when $3 = 'SUCCESS' then now() end)`,
      [newId(), contract, state, JSON.stringify(input), stamp],
    );
  const lines = async (...contracts: AnyContract[]) =>
    findingLines(await checkContracts(contracts, platform.contracts));
  return {
    wait,
    lines,
    async [Symbol.asyncDispose]() {
      await platform.stop();
      await db.drop();
    },
  };
}

test('each waiting input is migrated and validated; what ended is not', async () => {
  await using r = await release();
  for (let i = 0; i < 450; i += 1) await r.wait({ cents: i }, first.stamp, name, i % 2 ? 'QUEUED' : 'SCHEDULED');
  await r.wait({ cents: 1 }, first.stamp, name, 'SUCCESS');
  expect(await r.lines(first)).toEqual([]);
  expect(await r.lines(second)).toEqual([]);
  const [head, changed, failing] = await r.lines(required);
  expect(head).toBe('shop.pay: 450 of 450 waiting tasks would not run');
  expect(changed).toBe(
    '  changed: input.currency: is new and required (raise the version to 2, with a rule migrate: { 1: … })',
  );
  expect(failing).toMatch(/^ {2}450 tasks: input of shop\.pay: input\.currency: .* \(.{36}, .{36}, .{36}\)$/);
  expect(await r.lines(unruled)).toEqual([
    'shop.pay: 450 of 450 waiting tasks would not run',
    '  changed: version 1 was served, and there is no rule migrate: { 1: … }',
    expect.stringMatching(/^ {2}450 tasks: .*there is no rule from version 1 to 2/),
  ]);
});

test('a change since the last release breaks also where nothing waits; an expanding one does not', async () => {
  await using r = await release();
  expect(await r.lines(required)).toHaveLength(2);
  expect(
    await r.lines(defineTask({ ...required, input: required.input.partial({ currency: true }) } as never)),
  ).toEqual([]);
});

test('a contract that is gone is told where its tasks wait, a newer one where it was served', async () => {
  await using r = await release();
  expect(await r.lines(first)).toEqual([]);
  await r.wait({}, null, 'shop.gone');
  expect(await r.lines(first)).toEqual([
    'shop.gone: 1 of 1 waiting tasks would not run',
    '  1 tasks: no contract of this checkout has this name, and 1 tasks wait: they would wait on',
  ]);
  await r.wait({ amount: 1 }, second.stamp);
  expect((await r.lines(first)).at(-1)).toMatch(/it would wait: .*made for version 2; here is version 1/);
});
