import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { describeWithRedis, eventually, silentLog, startProcess } from '@lovage/testing';
import { freePort, OwnRedis } from '@lovage/testing/own-redis';
import { brokerAdapter } from '../broker-adapter.ts';
import { RedisBroker } from '../redis-broker.ts';

/** A message there and back. */
async function roundTrip(broker: RedisBroker, queue: string): Promise<void> {
  const body = Buffer.from(randomUUID());
  const got: string[] = [];
  await broker.declare(queue);
  const consumption = await broker.consume(queue, {
    prefetch: 1,
    onDelivery: (delivery) => {
      got.push(delivery.body.toString());
      delivery.ack();
    },
  });
  const message = { queue, body, contentType: 'application/json', contentEncoding: 'utf-8', headers: {} };
  await eventually(async () => broker.publish(message).then(() => true));
  await eventually(() => got.includes(body.toString()));
  await consumption.close();
}

async function speaks(url: string): Promise<void> {
  const broker = new RedisBroker({ url, log: silentLog, connectTimeoutMs: 10_000 });
  await broker.start();
  try {
    await roundTrip(broker, 'q');
  } finally {
    await broker.stop();
  }
}

it.each(['redis://:secret@h/name', 'sentinel://:secret@h', 'rediss://:secret@h?ssl_cert_reqs=maybe'])(
  '%s cannot be used: it says so before anything is connected, and repeats no password',
  (url) => {
    const open = (): unknown =>
      brokerAdapter.open({ url, log: silentLog, connectTimeoutMs: 1, applicationName: 'a', clock: undefined as never });
    expect(open).toThrow(expect.objectContaining({ code: 'server_url_invalid' }));
    expect(open).not.toThrow(/secret/);
  },
);

describeWithRedis('servers of Redis', () => {
  describe('TLS', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lovage-tls-'));
    const file = (name: string): string => join(dir, name);
    let redis: OwnRedis;
    let port: number;
    beforeAll(async () => {
      const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
      const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', file('key.pem')];
      execFileSync('openssl', ['req', '-x509', ...key, '-out', file('cert.pem'), '-days', '2', ...subject], {
        stdio: 'ignore',
      });
      port = await freePort();
      redis = await OwnRedis.start(
        ...['--tls-port', String(port), '--tls-auth-clients', 'no', '--requirepass', 'pass'],
        ...['--tls-cert-file', file('cert.pem'), '--tls-key-file', file('key.pem')],
      );
    });
    afterAll(async () => {
      await redis?.[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true, force: true });
    });
    const url = (query: string): string => `rediss://:pass@127.0.0.1:${port}/0${query}`;

    it('is spoken with a certificate that ssl_ca_certs names', () => speaks(url(`?ssl_ca_certs=${file('cert.pem')}`)));

    it('is spoken with any certificate when ssl_cert_reqs=none', () => speaks(url('?ssl_cert_reqs=CERT_NONE')));

    it('is refused with a certificate that nobody knows, and with a wrong password', async () => {
      await expect(brokerAdapter.probe(url(''), 5000)).rejects.toThrow(/self-signed certificate/);
      const wrong = url(`?ssl_ca_certs=${file('cert.pem')}`).replace('pass', 'wrong');
      await expect(brokerAdapter.probe(wrong, 5000)).rejects.toThrow(/WRONGPASS/);
    });
  });

  describe('Sentinel', () => {
    it('names the server, and another after a failover: consumers and producers go on there', async () => {
      await using first = await OwnRedis.startOnPort();
      await using second = await OwnRedis.startOnPort('--replicaof', '127.0.0.1', String(first.port));
      const port = await freePort();
      const config = join(first.dir, 'sentinel.conf');
      writeFileSync(
        config,
        [
          ...[`port ${port}`, `dir ${first.dir}`, `sentinel monitor main 127.0.0.1 ${first.port} 1`],
          ...['sentinel down-after-milliseconds main 1000', 'sentinel failover-timeout main 5000', ''],
        ].join('\n'),
      );
      await using _sentinel = await startProcess('redis-server', [config, '--sentinel'], { ready: /\+monitor/ });
      const isReplicated = (): Promise<boolean> =>
        first.ask(async (redis) => (await redis.info('replication')).includes('state=online'));
      await eventually(isReplicated);
      const broker = new RedisBroker({
        url: `sentinel://127.0.0.1:${port}/0?master_name=main;sentinel://127.0.0.1:${port}`,
        ...{ log: silentLog, beatMs: 100 },
      });
      await broker.start();
      try {
        await roundTrip(broker, 'q');
        const sentinelKnows = (): Promise<boolean> =>
          first.ask(
            async (redis) => String(await redis.call('sentinel', 'replicas', 'main')).includes(String(second.port)),
            { path: undefined as never, host: '127.0.0.1', port },
          );
        await eventually(sentinelKnows);
        await first.kill();
        await eventually(() => broker.state === 'down');
        await eventually(() => broker.state === 'up', { timeoutMs: 60_000 });
        await roundTrip(broker, 'q');
        expect(await second.ask(async (redis) => (await redis.role())[0])).toBe('master');
      } finally {
        await broker.stop();
      }
    }, 90_000);
  });
});
