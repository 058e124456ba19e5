import { deathOf, headersOfDead, OWN_DEATH, ownDeath } from './death.ts';

/** As amqplib gives it. */
const entry = (queue: string, reason: string, count = 1) => ({
  ...{ count, exchange: '', 'routing-keys': [queue], queue, reason },
  time: { '!': 'timestamp', value: 1_700_000_000 },
});
const AT = 1_700_000_000_000;

test.each([
  ['the server', { 'x-death': [entry('a', 'expired', 3)] }, { queue: 'a', reason: 'expired', at: AT, count: 3 }],
  [
    'the server, the second time',
    { 'x-death': [entry('b', 'maxlen'), entry('a', 'rejected')], 'x-first-death-queue': 'a' },
    { queue: 'b', reason: 'maxlen', at: AT, count: 1 },
  ],
  [
    'the server, of a priority level',
    { 'x-death': [entry('a~high', 'rejected')] },
    { queue: 'a', reason: 'rejected', at: AT, count: 1 },
  ],
  [
    'this adapter, after the server',
    { 'x-death': [entry('a', 'expired')], [OWN_DEATH]: ownDeath('c', 17) },
    { queue: 'c', reason: 'rejected', at: 17, count: 1 },
  ],
  [
    'an earlier release of this adapter',
    { [OWN_DEATH]: { queue: 'c', reason: 'rejected' } },
    { queue: 'c', reason: 'rejected', at: null, count: 1 },
  ],
  [
    'a server that counts nothing and has no time',
    { 'x-death': [{ queue: 'a' }], 'x-first-death-reason': 'rejected' },
    { queue: 'a', reason: 'rejected', at: null, count: 1 },
  ],
  ['nobody', { id: 1 }, undefined],
  ['nonsense', { 'x-death': 'x', 'x-first-death-queue': 7, [OWN_DEATH]: null }, undefined],
])('a death told by %s', (_, headers, expected) => {
  expect(deathOf(headers)).toEqual(expected);
});

test('what a foreign producer claims of a death is bounded', () => {
  const death = deathOf({ 'x-death': [{ queue: 'q'.repeat(300), reason: 'r\0'.repeat(200), count: -1 }] })!;
  expect([death.queue.length, death.reason.includes('\0'), death.count]).toEqual([255, false, 1]);
  expect(death.reason.length).toBeLessThanOrEqual(255);
});

test('users see the queue that was published to, and no note of this adapter', () => {
  const headers = {
    id: 'kept',
    'x-first-death-queue': 'a~low',
    'x-death': [entry('a~low', 'rejected')],
    [OWN_DEATH]: ownDeath('a', 1),
  };
  const seen = headersOfDead(headers);
  expect(seen).toMatchObject({ id: 'kept', 'x-first-death-queue': 'a', 'x-death': [{ queue: 'a' }] });
  expect(JSON.stringify(seen)).not.toMatch(/~|lovage/);
});
