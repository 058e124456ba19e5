import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { testDatabase } from '@lovage/testing';
import { reach } from './servers.ts';

test('a server that answers is reached, whether the database is there or not', async () => {
  await using db = await testDatabase({ migrated: false });
  await reach('DATABASE_URL', db.url);
  await reach('DATABASE_URL', db.url.replace(db.name, 'not_there_yet'));
});

test.each(['postgres://u:hunter2@127.0.0.1:PORT/x', 'amqp://u:hunter2@127.0.0.1:PORT'])(
  'nobody there: %s',
  async (pattern) => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await expect(reach('THE_URL', pattern.replace('PORT', String(port)), 700)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringMatching(
        /cannot be reached \(tried for 0.7 s\): .*ECONNREFUSED.*correct THE_URL$/,
      ) as string,
    });
  },
);
