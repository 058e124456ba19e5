import { decodeControl, encodeControlReply } from '@lovage/celery';
import type { Broker, CeleryConsoleOptions } from '@lovage/ports';
import { MemoryBroker, silentLog, TestClock } from '@lovage/testing';
import { LamportClock } from './lamport-clock.ts';
import { Mingle } from './mingle.ts';

/** A broker on which `answers` are sent to whatever is asked. */
function brokerOf(answers: Readonly<Record<string, unknown>>, asked: unknown[] = []): Broker {
  return Object.assign(new MemoryBroker(), {
    openCeleryConsole({ onReply }: CeleryConsoleOptions) {
      const request = (body: Buffer, headers: Readonly<Record<string, unknown>>): boolean => {
        const { request: read } = decodeControl({ body, headers, contentType: 'application/json' }, 'me@h', 0);
        asked.push(read?.method, read?.args);
        for (const [node, value] of Object.entries(answers)) {
          const reply = encodeControlReply(node, JSON.stringify(value), read!.replyTo!.ticket, 3);
          onReply({ ...reply, contentType: 'application/json' });
        }
        return true;
      };
      return Promise.resolve({ address: 'here', request, close: () => Promise.resolve() });
    },
  });
}

async function mingled(broker: Broker) {
  const clock = new TestClock();
  const told = new Map<string, string>();
  const revokes = {
    ids: ['mine'],
    tell: (id: string, { reason }: { readonly reason: string }) => void told.set(id, reason),
  };
  const time = new LamportClock();
  const running = new Mingle({ node: 'me@h', broker, revokes, time, clock, log: silentLog }).run();
  // It waits for so long in any case.
  await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(1000);
  await running;
  return { told, time: time.next() };
}

test('revoked ids and the time of the others are taken over, its own answer is not', async () => {
  const asked: unknown[] = [];
  const answers = {
    'ours@h': { revoked: { a: 1.5 }, clock: 70 },
    'py@h': { revoked: { b: [2.5, 'b'] }, clock: 40 },
    'me@h': { revoked: { never: 1.5 }, clock: 1 },
  };
  const { told, time } = await mingled(brokerOf(answers, asked));
  expect(asked).toEqual(['hello', { from_node: 'me@h', revoked: { mine: expect.any(Number) } }]);
  expect([...told]).toEqual([
    ['a', 'revoked before, as ours@h told'],
    ['b', 'revoked before, as py@h told'],
  ]);
  expect(time).toBeGreaterThan(70);
});

test('what is made to harm is bounded or passed over', async () => {
  const many = Object.fromEntries(Array.from({ length: 30_000 }, (_, n) => [`id-${n}`, 1.5]));
  const answers = {
    ...{ 'a@h': { revoked: many, clock: 2 ** 53 }, 'b@h': { revoked: ['x'.repeat(300)], clock: '7' } },
    ...{ 'c@h': { revoked: { '': 1, ['y'.repeat(300)]: 1 } }, 'd@h': null, 'e@h': { error: 'no' }, 'f@h': 7 },
  };
  const { told, time } = await mingled(brokerOf(answers));
  expect(told.size).toBe(20_000);
  expect([...told.keys()].every((id) => id.startsWith('id-'))).toBe(true);
  expect(time).toBe(1);
});

test('a broker that is away, or nobody there, is no failure', async () => {
  const away = () => Promise.reject(new Error('away'));
  await mingled(Object.assign(new MemoryBroker(), { openCeleryConsole: away }));
  expect((await mingled(brokerOf({}))).told.size).toBe(0);
});
