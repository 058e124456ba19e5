import { encodeControlRequest } from '@lovage/celery';
import { deferred, Signal } from '@lovage/foundation';
import type { CeleryLink, CeleryLinkOptions } from '@lovage/ports';
import { eventually, MemoryBroker, silentLog, TestClock } from '@lovage/testing';
import { CeleryNode, type CeleryNodeDeps } from './celery-node.ts';

/** A node that was asked to revoke a task, and whose store answers when the test says so. */
async function askedNode() {
  const events: string[] = [];
  const stored = deferred();
  const clock = new TestClock();
  let ask: CeleryLinkOptions['onControl'];
  const link: CeleryLink = {
    ...{ publishEvent: () => true, isHeard: () => Promise.resolve(false) },
    reply: () => events.push('answered') > 0,
    close: () => Promise.resolve(void events.push('link closed')),
  };
  const broker = Object.assign(new MemoryBroker(), {
    openCelery: ({ onControl }: CeleryLinkOptions) => {
      ask = onControl;
      return Promise.resolve(link);
    },
  });
  const node = new CeleryNode({
    ...{ broker, clock, log: silentLog, version: '1', contracts: [], scheduled: undefined, shutdown: undefined },
    settings: { worker: { celery: { events: false, control: true } } },
    worker: {
      name: 'a@b',
      running: 0,
      signals: { started: new Signal() },
      steering: { revokes: { tell: () => undefined } },
    },
    client: {
      revoke: async () => {
        events.push('asked');
        await stored.promise;
        return { kind: 'unknown' };
      },
    },
  } as unknown as CeleryNodeDeps);
  await node.open();
  const request = encodeControlRequest({
    ...{ method: 'revoke', args: { task_id: 'x' }, destination: undefined, ticket: 't', address: 'here' },
    ...{ clock: 1, expiresAt: clock.now() + 60_000 },
  });
  ask!({ ...request, contentType: 'application/json' });
  await eventually(() => events.includes('asked'));
  return { node, clock, stored, events };
}

test('what is being answered when it stops is answered before its link closes', async () => {
  const { node, stored, events } = await askedNode();
  const closed = node.close();
  stored.resolve();
  await closed;
  expect(events).toEqual(['asked', 'answered', 'link closed']);
});

test('an answer that does not come holds up no stop', async () => {
  const { node, clock, events } = await askedNode();
  let isClosed = false;
  const closed = node.close().then(() => (isClosed = true));
  await eventually(async () => {
    await clock.advance(2000);
    return isClosed;
  });
  await closed;
  expect(events).toEqual(['asked', 'link closed']);
});
