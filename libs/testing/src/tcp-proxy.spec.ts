import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { eventually } from './eventually.ts';
import { TcpProxy } from './tcp-proxy.ts';

let echo: Server;
let proxy: TcpProxy;
const sockets: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await TcpProxy.before(`amqp://u:p@127.0.0.1:${(echo.address() as AddressInfo).port}/vhost`);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await proxy.close();
  echo.close();
});

async function dial(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}
async function said(socket: Socket, text: string): Promise<string> {
  const answer = once(socket, 'data');
  socket.write(text);
  return String((await answer)[0]);
}

test('passes on, under the target’s URL with its own address', async () => {
  expect(proxy.url).toBe(`amqp://u:p@127.0.0.1:${proxy.port}/vhost`);
  expect(await said(await dial(), 'hello')).toBe('hello');
});

test('cut resets what is open and takes new connections', async () => {
  const socket = await dial();
  await said(socket, 'x');
  const error = once(socket, 'error');
  proxy.cut();
  expect(await error).toMatchObject([{ code: 'ECONNRESET' }]);
  expect(await said(await dial(), 'again')).toBe('again');
});

test('refuse is a server that is down, until heal', async () => {
  const socket = await dial();
  await said(socket, 'x');
  const closed = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
  await proxy.refuse();
  await closed;
  await expect(dial()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.heal();
  expect(await said(await dial(), 'back')).toBe('back');
});

test('a black hole passes nothing and tells nobody; heal lets out what it held', async () => {
  const old = await dial();
  await said(old, 'x');
  proxy.blackhole();
  const heard: string[] = [];
  old.on('data', (chunk) => heard.push(String(chunk)));
  old.write('held');
  const fresh = await dial();
  fresh.on('data', (chunk) => heard.push(String(chunk)));
  fresh.write('too');
  // The echo server answers at once when it is asked: a round trip past the proxy shows that nothing came through it.
  const direct = connect((echo.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(direct);
  await said(direct, 'direct');
  expect(heard).toEqual([]);
  expect(old.destroyed).toBe(false);
  await proxy.heal();
  await eventually(() => heard.length === 2);
  expect(heard.sort()).toEqual(['held', 'too']);
});
