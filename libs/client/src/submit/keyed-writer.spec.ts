import { deferred } from '@lovage/foundation';
import { TaskNotUniqueError, type FirstItem, type FirstOutcome, type SubmittedFirst } from '@lovage/ports';
import { TestClock } from '@lovage/testing';
import { ClientFixture, plainEcho } from '../testing/fixture.ts';
import { KeyedWriter, type KeyedTask } from './outbox-writer.ts';

function made(id: string): SubmittedFirst {
  return { taskId: id, fresh: true, fingerprint: '' };
}

const keyed = (id: string, delayMs = 0): KeyedTask => ({
  task: { id } as KeyedTask['task'],
  delay: { delayMs, since: 0 },
  leaseMs: 0,
  key: undefined,
  unique: undefined,
});

test('what comes together goes in batches; each has its own outcome; a locked one waits alone', async () => {
  const batches: (readonly FirstItem[])[] = [];
  const free = deferred();
  const clock = new TestClock();
  const writer = new KeyedWriter({
    clock,
    tasks: {
      insertFirst: async (items) => {
        const [{ task: first }] = items as [FirstItem];
        if (items.length === 1 && (first.id === '8' || first.id === '9')) {
          await free.promise;
          return [made(first.id)];
        }
        batches.push(items);
        return items.map(({ task }): FirstOutcome => {
          if (task.id === '7') return new TaskNotUniqueError('test', 'other');
          return task.id === '8' || task.id === '9' ? 'locked' : made(task.id);
        });
      },
    },
  });
  const writes = Array.from({ length: 450 }, (_, n) => writer.write(keyed(String(n), 1000)));
  const [eighth, ninth] = [writes[8]!, writes[9]!];
  const refused = expect(writes[7]).rejects.toMatchObject({ code: 'task_not_unique', taskId: 'other' });
  await Promise.all(writes.filter((_, n) => n < 7 || n > 9));
  await refused;
  expect(batches.map(({ length }) => length)).toEqual([200, 200, 50]);
  let idle = false;
  const waiting = writer.idle().then(() => (idle = true));
  await new Promise((resolve) => setImmediate(resolve));
  expect(idle).toBe(false);
  // Others do not wait for those that wait.
  await clock.advance(400);
  expect(await writer.write(keyed('late', 1000))).toEqual(made('late'));
  expect(batches.at(-1)).toMatchObject([{ task: { id: 'late' }, delayMs: 600 }]);
  free.resolve();
  expect(await Promise.all([eighth, ninth])).toEqual([made('8'), made('9')]);
  await waiting;
});

test('a thousand at once, unique or with a key, need a handful of statements, and none of them fails', async () => {
  await using fixture = await ClientFixture.open();
  let statements = 0;
  const tasks = Object.create(fixture.store.tasks) as typeof fixture.store.tasks;
  tasks.insertFirst = (items) => {
    statements += 1;
    return fixture.store.tasks.insertFirst(items);
  };
  const client = fixture.client({ tasks });
  const submits = Array.from({ length: 1000 }, (_, n) =>
    client
      .submit(
        plainEcho,
        { value: n % 500 },
        {
          awaitReply: false,
          ...(n % 2 ? { unique: true } : { idempotencyKey: `key ${n % 500}` }),
          ...(n % 3 === 0 && { delay: '1h' as const }),
        },
      )
      .catch((error: unknown) => error),
  );
  const handles = await Promise.all(submits);
  const fresh = handles.filter((one) => (one as { fresh?: boolean }).fresh);
  const refused = handles.filter((one) => one instanceof Error);
  // Of equal idempotency keys some have another delay.
  for (const error of refused) expect(error).toMatchObject({ code: 'idempotency_key_reused' });
  const ids = new Set(fresh.map((one) => (one as { id: string }).id));
  expect(ids.size).toBe(500);
  expect(await fixture.db.query('select count(*)::int as n from tasks')).toEqual([{ n: 500 }]);
  expect(statements).toBeLessThan(20);
});
