import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RecordingLog, TestClock } from '@lovage/testing';
import { ManagementApi } from './management-api.ts';

// Answers as the management plugin of RabbitMQ 3.10 to 4.x does.
let respond: (request: IncomingMessage, reply: ServerResponse) => void;
const server = createServer((request, reply) => respond(request, reply));
let host: string;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const api = (log = new RecordingLog(), clock = new TestClock()) => ({
  ...{ log, clock },
  api: new ManagementApi({ url: `http://gu%40est:pass@${host}/mq/`, vhost: 'a/b', log, clock }),
});

test('all pages are read, once for all who ask, and hold for two seconds', async () => {
  const { api: management, clock } = api();
  const asked: string[] = [];
  respond = ({ url, headers }, reply) => {
    asked.push(url!);
    expect(headers.authorization).toBe(`Basic ${Buffer.from('gu@est:pass').toString('base64')}`);
    const page = Number(new URL(url!, 'http://x').searchParams.get('page'));
    const items = [
      { name: `q${page}`, messages_unacknowledged: page },
      { name: 'no statistics yet' },
      { name: 7, messages_unacknowledged: -1 },
      null,
    ];
    reply.end(JSON.stringify({ items, page, page_count: 2, page_size: 500, total_count: 8 }));
  };
  const answers = await Promise.all([management.unacked(), management.unacked()]);
  for (const answer of answers)
    expect([...answer]).toEqual([
      ['q1', 1],
      ['q2', 2],
    ]);
  const path = '/mq/api/queues/a%2Fb';
  const query = 'page_size=500&columns=name,messages_unacknowledged';
  expect(asked).toEqual([`${path}?page=1&${query}`, `${path}?page=2&${query}`]);
  await management.unacked();
  expect(asked).toHaveLength(2);
  await clock.advance(2_000);
  await management.unacked();
  expect(asked).toHaveLength(4);
});

test.each<[string, (request: IncomingMessage, reply: ServerResponse) => void]>([
  ['refuses', (_, reply) => reply.writeHead(401).end('{}')],
  ['answers no JSON', (_, reply) => reply.end('<html>')],
  ['answers something else', (_, reply) => reply.end('[]')],
  ['leads elsewhere', (_, reply) => reply.writeHead(302, { location: 'http://elsewhere.invalid/' }).end()],
  ['breaks off', ({ socket }) => socket.destroy()],
])('a plugin that %s tells nothing, and is warned of once', async (_, how) => {
  const { api: management, clock, log } = api();
  respond = how;
  for (let n = 0; n < 3; n += 1) {
    expect((await management.unacked()).size).toBe(0);
    await clock.advance(2_000);
  }
  respond = (_request, reply) => reply.end('{"items":[{"name":"q","messages_unacknowledged":3}]}');
  expect([...(await management.unacked())]).toEqual([['q', 3]]);
  expect(log.entries.map(({ level }) => level)).toEqual(['warn', 'info']);
  expect(JSON.stringify(log.entries)).not.toContain('pass@');
});
