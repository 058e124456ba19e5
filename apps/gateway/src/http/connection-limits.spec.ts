import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually, TestClock } from '@lovage/testing';
import { TestGateway } from '../testing/test-gateway.ts';
import { ConnectionLimits } from './connection-limits.ts';

class FakeSocket extends EventEmitter {
  destroyed = false;
  constructor(readonly remoteAddress: string | undefined) {
    super();
  }
  destroy(): this {
    this.destroyed = true;
    this.emit('close');
    return this;
  }
}

function fixture(trustProxy: readonly string[] = []) {
  const limits = new ConnectionLimits({ perAddress: 3, trustProxy });
  const open = (address: string | undefined): FakeSocket => {
    const socket = new FakeSocket(address);
    limits.take(socket as unknown as Socket);
    return socket;
  };
  /** How many of ten are let in. */
  const letIn = (address: (n: number) => string): number =>
    Array.from({ length: 10 }, (_, n) => open(address(n))).filter(({ destroyed }) => !destroyed).length;
  return { limits, open, letIn };
}

test('an address has so many connections, others have theirs', () => {
  const { limits, open, letIn } = fixture();
  const first = open('203.0.113.7');
  expect(letIn(() => '203.0.113.7')).toBe(2);
  expect(letIn(() => '::ffff:203.0.113.7')).toBe(0);
  expect(letIn((n) => `203.0.113.${n + 8}`)).toBe(10);
  expect(letIn((n) => `2001:db8::${n}`)).toBe(3);
  expect(letIn((n) => `2001:db8:0:${n + 1}::1`)).toBe(10);
  first.destroy();
  expect(letIn(() => '203.0.113.7')).toBe(1);
  open(undefined);
  expect(limits.size).toBe(3 + 10 + 3 + 10);
});

test('connections of trusted proxies and of this machine are not counted', () => {
  const { limits, letIn } = fixture(['10.0.0.1', '172.30.0.0/24', 'fd00::/64']);
  for (const address of ['10.0.0.1', '172.30.0.9', 'fd00::7', '127.0.0.1', '::1', '::ffff:127.0.0.1'])
    expect(letIn(() => address)).toBe(10);
  expect(limits.size).toBe(0);
  expect(letIn(() => '10.0.0.2')).toBe(3);
});

describe('over a port', () => {
  const clock = new TestClock(Date.now());
  let gateway: TestGateway;
  let port: number;
  beforeAll(async () => {
    gateway = await TestGateway.start({
      clock,
      listen: { host: '127.0.0.1', port: 0 },
      options: { connections: { total: 5, headersTimeoutMs: 200 } },
    });
    port = Number(new URL(await gateway.gateway.url).port);
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  const closed = (socket: Socket) => eventually(() => socket.destroyed);
  /** A connection that gathers what it is told. */
  async function open(): Promise<{ socket: Socket; told: () => string }> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    let told = '';
    socket.on('data', (data) => (told += data.toString()));
    await once(socket, 'connect');
    return { socket, told: () => told };
  }

  test('silent connections end, and take no more places than there are', async () => {
    const silent = await Promise.all(Array.from({ length: 20 }, open));
    await Promise.all(silent.map(({ socket }) => closed(socket)));
    // Those that had one of the five places; on a slow machine another takes it when the first has ended.
    const answered = silent.filter(({ told }) => told().startsWith('HTTP/1.1 408'));
    expect(answered.length).toBeGreaterThan(0);
    const { socket, told } = await open();
    socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await closed(socket);
    expect(told()).toContain('HTTP/1.1 200');
  });

  test('who asks is answered, however many are silent; who is being answered stays', async () => {
    const { authorization } = await gateway.credentials();
    const slow = await open();
    slow.socket.write(
      `POST /api/tasks/math.add HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{"input":`,
    );
    const asked = (n: number) => `GET /health/live?${n} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answers = (of: { told: () => string }) => of.told().split('HTTP/1.1 200').length - 1;
    const first = await open();
    first.socket.write(asked(1) + asked(2));
    await eventually(() => answers(first) === 2);
    for (let round = 0; round < 3; round += 1) {
      const silent = await Promise.all(Array.from({ length: 8 }, open));
      const good = await open();
      good.socket.write(asked(round));
      await eventually(() => answers(good) === 1);
      for (const { socket } of silent) socket.destroy();
    }
    // Idle for longest: it made room.
    await closed(first.socket);
    slow.socket.write('{"x":1,"y":2}      }');
    await eventually(() => slow.told().includes('HTTP/1.1 202'));
    slow.socket.destroy();
  });

  test('a body that does not arrive ends the request with 408', async () => {
    const { authorization } = await gateway.credentials();
    const { socket, told } = await open();
    socket.write(
      `POST /api/tasks/math.add HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n` +
        'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"input":',
    );
    // What is early in it is in time.
    await eventually(async () => {
      await clock.advance(5_000);
      return told() !== '' || socket.destroyed;
    });
    expect(told()).toContain('HTTP/1.1 408');
    expect(told()).toContain('request_timeout');
    await closed(socket);
  });

  test('who was answered before the body has come is not told again', async () => {
    const { authorization } = await gateway.credentials();
    const { socket, told } = await open();
    socket.write(
      `POST /api/tasks/math.add HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\n` +
        'Content-Type: text/plain\r\nContent-Length: 1000\r\n\r\n{"input":',
    );
    await eventually(() => told().includes('HTTP/1.1 415'));
    // One that is injected has no connection that could be told.
    const { status } = await gateway.ask('/api/tasks/math.add', {
      body: {},
      headers: { 'content-type': 'text/plain' },
    });
    expect(status).toBe(415);
    await clock.advance(120_000);
    expect(told().match(/^HTTP.*/gm)).toEqual(['HTTP/1.1 415 Unsupported Media Type']);
    socket.destroy();
  });

  test('a stranger is told before the body has come, and the body is not kept', async () => {
    const { socket, told } = await open();
    socket.write('POST /api/tasks/math.add HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{"input":');
    await eventually(() => told().includes('HTTP/1.1 401'));
    socket.destroy();
  });
});
