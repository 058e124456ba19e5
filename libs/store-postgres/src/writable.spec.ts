import { EventEmitter } from 'node:events';
import { deferred } from '@lovage/foundation';
import type { PoolClient } from 'pg';
import { refuseReadOnly } from './writable.ts';

/** As a connection of `pg`: what breaks it rejects the statement under way, and is emitted as well. */
function connection() {
  const answer = deferred<{ rows: unknown[] }>();
  const emitter = new EventEmitter();
  const client = Object.assign(emitter, { query: () => answer.promise }) as unknown as PoolClient;
  const verdict = new Promise<Error | undefined>((resolve) => refuseReadOnly(client, resolve));
  return { answer, verdict, fail: (error: Error) => emitter.emit('error', error) };
}

test.each([
  ['on', 'Postgres takes no writes'],
  ['off', undefined],
])('transaction_read_only = %s', async (value, message) => {
  const { answer, verdict } = connection();
  answer.resolve({ rows: [{ transaction_read_only: value }] });
  const refused = await verdict;
  if (message === undefined) expect(refused).toBeUndefined();
  else expect(refused?.message).toContain(message);
});

test('a connection that breaks while it is asked is refused, and does not end the process', async () => {
  const { answer, verdict, fail } = connection();
  const broken = new Error('Connection terminated unexpectedly');
  // Throws where nobody listens.
  fail(broken);
  answer.reject(broken);
  expect(await verdict).toBe(broken);
  fail(new Error('and once more, before the pool or its user listens'));
});
