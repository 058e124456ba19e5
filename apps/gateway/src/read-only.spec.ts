import type { NewApiKeyAnswer } from '@lovage/http-api';
import { openUserStore } from '@lovage/store-postgres';
import { defineTask } from '@lovage/task';
import { eventually, makeReadOnly } from '@lovage/testing';
import { z } from 'zod';
import { ensureFirstAdmin } from './auth/first-admin.ts';
import { TestGateway } from './testing/test-gateway.ts';

const contract = defineTask({ name: 'test.echo', input: z.strictObject({ n: z.number() }), output: z.null() });
const admin = { email: 'ada@example.org', password: 'correct horse' };
const body = { input: { n: 1 } };

/** Everything that writes a row before it answers. */
const writes = (id: string) =>
  [
    ['a submit with a key', '/api/tasks/test.echo', { body, headers: { 'idempotency-key': 'k' } }],
    ['a submit with a delay', '/api/tasks/test.echo', { body: { ...body, options: { delay: '1h' } } }],
    ['a unique submit', '/api/tasks/test.echo', { body: { ...body, options: { unique: true } } }],
    ['a revoke', `/api/tasks/${id}/revoke`, { body: {} }],
    ['a pause', '/api/queues/default/pause', { body: {} }],
    ['a resume', '/api/queues/default/resume', { body: {} }],
    ['a new API key', '/api/api-keys', { body: { name: 'a service' } }],
    ['a login', '/api/auth/login', { body: admin, as: null }],
  ] as const;

test('a Postgres that only reads: 503 with Retry-After, not ready, and all of it goes on by itself', async () => {
  await using gateway = await TestGateway.start({ contracts: [contract] });
  const users = await openUserStore({ url: gateway.db.url });
  await ensureFirstAdmin(users, admin);
  await users.close();
  const login = await gateway.ask('/api/auth/login', { as: null, body: admin });
  const as = { token: login.json<{ accessToken: string }>().accessToken };
  const { id } = (await gateway.ask('/api/tasks/test.echo', { body })).json();
  const writeAgain = await makeReadOnly(gateway.db);
  for (const [what, url, ask] of writes(id)) {
    const answer = await gateway.ask(url, { as, ...ask });
    expect([what, answer.status, answer.headers['retry-after']]).toEqual([what, 503, '1']);
    expect(answer.problem().code).toBe('store_unavailable');
  }
  const ready = await gateway.ask('/health/ready', { as: null });
  expect([ready.status, ready.json<{ postgres: string }>().postgres]).toEqual([503, 'down']);
  // The broker has it; its row comes when Postgres takes writes again.
  const accepted = await gateway.ask('/api/tasks/test.echo', { body });
  expect(accepted.status).toBe(202);
  await writeAgain();
  expect((await gateway.ask('/health/ready', { as: null })).status).toBe(200);
  for (const [what, url, ask] of writes(id)) {
    const answer = await gateway.ask(url, { as, ...ask });
    expect([what, Math.floor(answer.status / 100)]).toEqual([what, 2]);
    if (what === 'a new API key') expect(answer.json<NewApiKeyAnswer>().key).toBeDefined();
  }
  await eventually(async () => (await gateway.ask(`/api/tasks/${accepted.json().id}`)).status === 200);
});
