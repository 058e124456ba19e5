import { z } from 'zod';
import { newId } from '@lovage/foundation';
import { defineTask, stampOf, type TaskOptions } from '@lovage/task';
import { eventually } from '@lovage/testing';
import { handle } from '../testing/child-tasks.ts';
import { children, Fixture } from '../testing/fixture.ts';

const name = 'test.pay';
const output = z.unknown();
const first = (defaults: TaskOptions = {}) =>
  defineTask({ name, input: z.strictObject({ cents: z.number() }), output, defaults });
const second = (defaults: TaskOptions<{ amount: number }> = {}) =>
  defineTask({
    ...{ name, version: 2, output, defaults },
    migrate: { 1: (old: { cents: number }) => ({ amount: old.cents / 100 }) },
    input: z.strictObject({ amount: z.number() }),
  });
/** A field more, and nobody raised the version. */
const wider = () =>
  defineTask({ name, input: z.strictObject({ cents: z.number(), note: z.string().optional() }), output });
/** A new version without a rule. */
const broken = (defaults: TaskOptions = {}) =>
  defineTask({ name, version: 2, input: z.strictObject({ amount: z.number() }), output, defaults });

const old = { name, inputJson: '{"cents":150}', stamp: first().stamp };
/** As if no worker had served the schema for longer than a deploy takes. */
const longGone = (f: Fixture, { fingerprint }: { fingerprint: string }) =>
  f.db.query(`update contract_schemas set last_seen_at = now() - interval '6 minutes' where fingerprint = $1`, [
    fingerprint,
  ]);
/** Resolves once the task waits for another worker, for this reason. */
const passedOn = (f: Fixture, id: string, reason: string) =>
  eventually(async () => {
    const found = await f.db.query("select from tasks where id = $1 and passed_on->>'reason' = $2", [id, reason]);
    return found.length > 0;
  });
const deadLetters = (f: Fixture) => f.store.deadLetters.list({}, { limit: 100 });

describe('an input of an older version', () => {
  test.each(['full', 'final', 'none'] as const)(
    'record %s: is migrated; its row keeps what was sent',
    async (record) => {
      await using f = await Fixture.open();
      const replied = f.replied.next();
      await f.worker(second({ record }), (input) => input);
      const id = await f.send(0, old);
      expect(await replied).toMatchObject({ taskId: id, status: 'SUCCESS', result: { amount: 1.5 } });
      if (record !== 'none') expect(await f.ended(id)).toMatchObject({ input: { cents: 150 }, stamp: first().stamp });
    },
  );

  test('is migrated again for each attempt', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(second({ retry: { maxAttempts: 3, delay: 0 } }), (input, task) => {
      if (task.attempt < 3) throw new Error('not yet');
      return { input, attempt: task.attempt };
    });
    const id = await f.send(0, old);
    expect(await f.ended(id)).toMatchObject({ result: { input: { amount: 1.5 }, attempt: 3 } });
  });

  test('is migrated for a batch handler, and counts under the key of what it has become', async () => {
    await using f = await Fixture.open();
    const concurrency = { limit: 5, key: (input: { amount: number }) => `amount ${input.amount}` };
    const options = { batch: { size: 10, timeout: 0.01 }, concurrency };
    await f.batchWorker(second(options), (items) => items.map((item) => item.succeeded(item.input)));
    const id = await f.send(0, old);
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: { amount: 1.5 } });
    expect(await f.db.query('select limit_key from tasks where id = $1', [id])).toEqual([
      { limit_key: 'concurrency:test.pay:amount 1.5' },
    ]);
  });

  test.each(['thread', 'process'] as const)(
    'is migrated for the pool %s',
    async (pool) => {
      await using f = await Fixture.open();
      const contract = defineTask({
        ...{ name: 'test.deed', version: 2, output, defaults: { pool } },
        migrate: { 1: (old: { say: string }) => ({ deed: 'echo', value: old.say }) },
        input: z.strictObject({ deed: z.string(), value: z.unknown() }),
      });
      await f.worker(contract, handle, { children: await children() });
      const replied = f.replied.next();
      await f.send(0, { name: 'test.deed', inputJson: '{"say":"hello"}', stamp: '1:' });
      expect(await replied).toMatchObject({ status: 'SUCCESS', result: 'hello' });
    },
    120_000,
  );

  test('that no rule fits goes to a worker of its version while one lives', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(broken(), () => 'new');
    await f.worker(first(), () => 'old');
    const ids = [];
    for (let i = 0; i < 20; i += 1) ids.push(await f.send(0, old));
    for (const id of ids) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'old', retries: 0 });
    expect((await deadLetters(f)).items).toEqual([]);
  });

  test.each(['full', 'final', 'none'] as const)(
    'record %s: that no rule fits and nobody serves is held',
    async (record) => {
      await using f = await Fixture.open();
      const gone = await f.worker(first(), () => 'old');
      await gone.stop();
      await longGone(f, first());
      await f.worker(broken({ record }), () => 'new');
      const replied = f.replied.next();
      const id = await f.send(0, old);
      expect(await replied).toMatchObject({ taskId: id, status: 'FAILURE', error: { type: 'InputInvalidError' } });
      expect(await f.ended(id)).toMatchObject({
        state: 'FAILURE',
        worker: 'worker-2@test',
        error: {
          type: 'InputInvalidError',
          message: 'input of test.pay: input: made for version 1; there is no rule from version 1 to 2',
          data: { reason: 'no_rule', madeFor: { version: 1 }, here: broken().stamp },
        },
      });
      const { items } = await deadLetters(f);
      expect(items).toMatchObject([{ reason: 'input_invalid', taskId: id, name, outcome: 'ended', queue: 'default' }]);
      const [deadLetter] = await f.store.deadLetters.getMany([items[0]!.id]);
      expect(deadLetter!.headers).toMatchObject({ 'x-lovage-input': first().stamp });
      expect(deadLetter!.body.toString()).toContain('{"cents":150}');
      expect(f.broker.state).toBe('up');
      expect(await f.db.query('select * from outbox')).toEqual([]);
      expect(await f.db.query(`select sum(n)::int as n from task_counts where state = 'FAILURE'`)).toEqual([{ n: 1 }]);
    },
  );

  test('cancelled meanwhile, it ends REVOKED, and is not held', async () => {
    await using f = await Fixture.open();
    const gone = await f.worker(first(), () => 'old');
    await gone.stop();
    await longGone(f, first());
    const id = newId();
    await f.db.query(
      `insert into tasks (id, name, queue, state, input, cancel_at, cancel_why) values ($1, 'test.pay', 'default', 'QUEUED', '{}', now(), 'no')`,
      [id],
    );
    await f.worker(broken(), () => 'new');
    await f.send(0, { ...old, id, hasRow: true });
    expect(await f.ended(id)).toMatchObject({ state: 'REVOKED' });
    expect((await deadLetters(f)).items).toEqual([]);
  });
});

describe('an input of a newer version', () => {
  test('waits for a worker that knows it, in whatever order they are deployed', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(first(), () => 'old');
    const id = await f.send(0, { name, inputJson: '{"amount":1}', stamp: second().stamp });
    await passedOn(f, id, 'newer_version');
    await f.worker(second(), (input) => input);
    await f.store.sweep.sweep();
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: { amount: 1 }, worker: 'worker-2@test' });
  });

  test('that nobody comes to know is held once it has waited for as long as it may', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(first(), () => 'old', { unserved: '50ms' });
    const id = await f.send(0, { name, inputJson: '{"amount":1}', stamp: second().stamp });
    expect(await f.ended(id)).toMatchObject({ state: 'FAILURE', error: { data: { reason: 'newer' } } });
    expect((await deadLetters(f)).items).toMatchObject([{ reason: 'input_invalid', taskId: id }]);
  });
});

describe('an input by another schema of the same version', () => {
  const wide = { name, inputJson: '{"cents":1,"note":"x"}', stamp: wider().stamp };

  test('runs where it fits, and goes to a worker of its schema where it does not', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(first(), () => 'old');
    await f.worker(wider(), () => 'new');
    const fits = await f.send(0, { ...wide, inputJson: '{"cents":1}' });
    const wides = [];
    for (let i = 0; i < 20; i += 1) wides.push(await f.send(0, wide));
    expect(await f.ended(fits)).toMatchObject({ state: 'SUCCESS' });
    for (const id of wides) expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'new' });
  });

  test('whose only worker is being replaced waits for it', async () => {
    await using f = await Fixture.open();
    f.relay();
    const replaced = await f.worker(wider(), () => 'new');
    await f.worker(first(), () => 'old');
    await replaced.stop();
    const id = await f.send(0, wide);
    await passedOn(f, id, 'other_schema');
    await f.worker(wider(), () => 'newer');
    await f.store.sweep.sweep();
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'newer' });
    expect((await deadLetters(f)).items).toEqual([]);
  });

  test('that no worker has served yet waits: who submitted was deployed first', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(first(), () => 'old');
    const id = await f.send(0, wide);
    await passedOn(f, id, 'other_schema');
    await f.worker(wider(), () => 'new');
    await f.store.sweep.sweep();
    expect(await f.ended(id)).toMatchObject({ state: 'SUCCESS', result: 'new' });
    expect((await deadLetters(f)).items).toEqual([]);
  });
});

describe('an input that never fitted', () => {
  test('fails as ever, and is not held', async () => {
    await using f = await Fixture.open();
    await f.worker(first(), () => 'old');
    const id = await f.send(0, { name, inputJson: '{"pence":1}', stamp: first().stamp });
    const unstated = await f.send(0, { name, inputJson: '{"pence":1}' });
    for (const task of [id, unstated])
      expect(await f.ended(task)).toMatchObject({ state: 'FAILURE', error: { type: 'InputInvalidError' } });
    expect((await deadLetters(f)).items).toEqual([]);
  });

  test('of a Celery caller, who states no version, is held where the contract has had others', async () => {
    await using f = await Fixture.open();
    f.relay();
    await f.worker(second(), (input) => input);
    const replied = f.replied.next();
    const id = newId();
    await f.sendAsCelery(id, name);
    expect(await replied).toMatchObject({ taskId: id, status: 'FAILURE' });
    expect(await f.ended(id)).toMatchObject({
      error: { type: 'InputInvalidError', data: { reason: 'unstated', madeFor: null } },
    });
    expect((await deadLetters(f)).items).toMatchObject([{ reason: 'input_invalid', taskId: id }]);
  });
});

test('a worker notes what it serves', async () => {
  await using f = await Fixture.open();
  await f.worker(first(), () => 1);
  await f.worker(second(), () => 2);
  const seen = await f.store.contracts.seen();
  expect(seen.map(({ version, fingerprint }) => stampOf(version, fingerprint)).sort()).toEqual([
    first().stamp,
    second().stamp,
  ]);
  expect(seen[0]!.inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
});
