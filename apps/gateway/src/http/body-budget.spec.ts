import { connect, type AddressInfo, type Socket } from 'node:net';
import { fastify, type FastifyRequest } from 'fastify';
import { eventually } from '@lovage/testing';
import { BodyBudget } from './body-budget.ts';

const MIB = 1024 ** 2;
const BODY_LIMIT = 32 * MIB;

test('large bodies on their way have a bounded place, by user and in all, and free it', async () => {
  const server = fastify({ bodyLimit: BODY_LIMIT });
  let came = 0;
  server.addHook('onRequest', (request: FastifyRequest, _reply, done) => {
    came += 1;
    const id = request.headers['x-user'] as string | undefined;
    request.user = id === undefined ? null : { id, role: 'operator' };
    done();
  });
  new BodyBudget(BODY_LIMIT).watch(server);
  server.setErrorHandler((error: { code?: string; statusCode?: number }, _request, reply) =>
    reply.code(error.code === 'busy' ? 503 : (error.statusCode ?? 500)).send(error.code),
  );
  server.post('/*', () => 'taken');
  await server.listen({ port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const sockets: Socket[] = [];
  const begin = (user: string, length: number | 'chunked', path = '/api/tasks') => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    let told = '';
    socket.on('data', (data) => (told += data.toString())).on('error', () => undefined);
    const size = length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: x\r\n${user && `X-User: ${user}\r\n`}Content-Type: application/json\r\n${size}\r\n\r\n`,
    );
    const answered = () => eventually(() => /HTTP\/1.1 (\d+)/.exec(told)?.[1]);
    return { socket, told: () => told, answered };
  };
  /** Settles once the server has seen all that was begun. */
  const seen = () => eventually(() => came === sockets.length);
  try {
    // 64 MiB are one user's.
    const held = [begin('a', BODY_LIMIT), begin('a', 'chunked')];
    await seen();
    expect(await begin('a', MIB).answered()).toBe('503');
    const small = begin('a', 2);
    small.socket.write('{}');
    expect(await small.answered()).toBe('200');
    // An upload goes to the disk; what is over the limit is not read at all; a stranger's is small.
    for (const passed of [begin('a', MIB, '/api/files'), begin('', MIB)]) {
      await seen();
      expect(passed.told()).toBe('');
    }
    expect(await begin('a', BODY_LIMIT + 1).answered()).toBe('413');
    // 256 MiB are everybody's.
    for (const user of ['b', 'c', 'd']) held.push(begin(user, BODY_LIMIT), begin(user, BODY_LIMIT));
    await seen();
    expect(await begin('e', MIB).answered()).toBe('503');
    for (const one of held) expect(one.told()).toBe('');
    held[0]!.socket.destroy();
    await eventually(async () => {
      const next = begin('a', 20 * 1024);
      next.socket.write(`"${'x'.repeat(20 * 1024 - 2)}"`);
      return (await next.answered()) === '200';
    });
    // What has been read frees its place: as many as one likes, one after the other.
    for (let n = 0; n < 2; n += 1) {
      const next = begin('e', BODY_LIMIT);
      next.socket.write(`"${'x'.repeat(BODY_LIMIT - 2)}"`);
      expect(await next.answered()).toBe('200');
    }
  } finally {
    for (const socket of sockets) socket.destroy();
    await server.close();
  }
});
