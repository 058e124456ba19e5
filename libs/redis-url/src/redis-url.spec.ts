import { redisTargetOf } from './redis-url.ts';

test.each([
  ['redis://', { host: '127.0.0.1', port: 6379, db: 0 }],
  ['redis://h:7/3', { host: 'h', port: 7, db: 3 }],
  ['redis://:p%40ss@box:6380/5', { host: 'box', port: 6380, db: 5, password: 'p@ss' }],
  ['redis://u:p@[::1]:6380/5', { host: '::1', username: 'u', password: 'p' }],
  ['redis://box?virtual_host=3', { host: 'box', db: 3 }],
  ['redis://h?db=5', { db: 5 }],
  ['rediss://box/1?ssl_cert_reqs=CERT_NONE', { db: 1, tls: { rejectUnauthorized: false } }],
  ['rediss://box/1', { tls: { rejectUnauthorized: true } }],
  ['redis+socket:///run/redis.sock?virtual_host=2', { path: '/run/redis.sock', db: 2 }],
])('reads %s', (url, expected) => {
  const { redis, db } = redisTargetOf(url);
  expect(redis).toMatchObject(expected);
  expect(db).toBe(redis.db);
});

const two = [
  { host: 'a', port: 1 },
  { host: 'b', port: 26_379 },
];

test('reads the servers of Sentinel, with the transport options of Celery', () => {
  const transport = { master_name: 'main', sentinel_kwargs: { password: 's' } };
  expect(redisTargetOf('sentinel://:pw@a:1/2;sentinel://b', transport).redis).toMatchObject({
    ...{ sentinels: two, name: 'main', db: 2, password: 'pw', sentinelPassword: 's' },
  });
});

test('reads them with parameters instead', () => {
  const url = 'sentinel://a:1/2;sentinel://u:pw@b?master_name=main&sentinel_username=x&sentinel_password=s&ssl=true';
  expect(redisTargetOf(url).redis).toMatchObject({
    ...{ sentinels: two, name: 'main', db: 2, username: 'u', password: 'pw' },
    ...{ sentinelUsername: 'x', sentinelPassword: 's', enableTLSForSentinelMode: true },
    ...{ tls: { rejectUnauthorized: true }, sentinelTLS: { rejectUnauthorized: true } },
  });
});

test.each([
  'sentinel://:secret@a',
  'amqp://u:secret@h',
  'secret',
  'redis://:secret@h/name',
  'rpc://',
  'redis://a;redis://:secret@b',
  'sentinel://a?master_name=m;redis://:secret@b',
  'rediss://:secret@a?ssl_cert_reqs=maybe',
  'rediss://:secret@a?ssl_ca_certs=/no/such/file',
  'secret@host',
])('refuses %s, and repeats no secret', (url) => {
  const refused = (): unknown => redisTargetOf(url);
  expect(refused).toThrow(expect.objectContaining({ code: 'redis_url_invalid' }));
  expect(refused).not.toThrow(/secret/);
});
