import type { LookupAddress } from 'node:dns';
import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { deferred } from '@lovage/foundation';
import { eventually } from '@lovage/testing';
import { DnsServer } from '../testing/dns-server.ts';
import { HostNames } from './host-names.ts';

const never = new AbortController().signal;
const own = fileURLToPath(import.meta.url);
const v4 = (address: string): LookupAddress[] => [{ address, family: 4 }];
const noLookup = () => Promise.reject(new Error('the system was asked'));

it('gives every address that DNS knows, and asks nobody else', async () => {
  await using dns = await DnsServer.start(() => ({ v4: '192.0.2.7' }));
  const names = new HostNames({ servers: [dns.address], lookup: noLookup });
  await expect(names.resolve('a.example', { signal: never, local: false })).resolves.toEqual(v4('192.0.2.7'));
  expect(dns.asked).toEqual(['a.example', 'a.example']);
});

it('200 look-ups that nobody answers leave file reads and other look-ups alone, and end with their signal', async () => {
  await using dns = await DnsServer.start((name) => (name === 'good.example' ? { v4: '192.0.2.7' } : 'silence'));
  const names = new HostNames({ servers: [dns.address], timeoutMs: 60_000, lookup: noLookup });
  const { signal, abort } = abortable();
  let ended = 0;
  const all = Array.from({ length: 200 }, (_, n) =>
    names.resolve(`n${n}.example`, { signal, local: false }).finally(() => (ended += 1)),
  );
  const settled = Promise.allSettled(all);
  await eventually(() => new Set(dns.asked).size === 64);
  for (let n = 0; n < 50; n += 1) expect(await readFile(own, 'utf8')).toContain('200 look-ups');
  expect([ended, new Set(dns.asked).size]).toEqual([0, 64]);
  abort();
  const reasons = (await settled).map((one) => (one as PromiseRejectedResult).reason as Error);
  expect(new Set(reasons)).toEqual(new Set([signal.reason]));
  // The places are free again.
  await expect(names.resolve('good.example', { signal: never, local: false })).resolves.toEqual(v4('192.0.2.7'));
});

it('one that is not answered fails in time, and the system is not asked', async () => {
  await using dns = await DnsServer.start(() => 'silence');
  const names = new HostNames({ servers: [dns.address], timeoutMs: 50, lookup: noLookup });
  await expect(names.resolve('a.example', { signal: never, local: false })).rejects.toMatchObject({ code: 'ETIMEOUT' });
});

it.each([
  ['a name that DNS does not know', 'a.example', false, 2],
  ['a name without a dot', 'files', false, 0],
  ['a host that an operator named', 'files.internal', true, 0],
])('the system is asked for %s', async (_case, name, local, asked) => {
  await using dns = await DnsServer.start(() => 'unknown');
  const names = new HostNames({
    servers: [dns.address],
    lookup: (host) => Promise.resolve(v4(`10.0.0.${host.length}`)),
  });
  await expect(names.resolve(name, { signal: never, local })).resolves.toEqual(v4(`10.0.0.${name.length}`));
  expect(dns.asked).toHaveLength(asked);
});

it('the system is asked where no DNS server is', async () => {
  const gone = await DnsServer.start(() => 'silence');
  const { address } = gone;
  await gone[Symbol.asyncDispose]();
  const names = new HostNames({ servers: [address], lookup: () => Promise.resolve(v4('10.0.0.1')) });
  await expect(names.resolve('a.example', { signal: never, local: false })).resolves.toEqual(v4('10.0.0.1'));
});

it('the system is asked for two names at a time, and an aborted one keeps its place while its thread is busy', async () => {
  const ends = new Map(['a', 'b', 'c'].map((name) => [name, deferred<LookupAddress[]>()]));
  const started: string[] = [];
  const names = new HostNames({ lookup: (host) => (started.push(host), ends.get(host)!.promise) });
  const { signal, abort } = abortable();
  const all = ['a', 'b', 'c'].map((name) =>
    names.resolve(name, { signal: name === 'c' ? never : signal, local: false }),
  );
  abort();
  await Promise.resolve();
  expect(started).toEqual(['a', 'b']);
  ends.get('a')!.resolve(v4('10.0.0.1'));
  await all[0];
  expect(started).toEqual(['a', 'b', 'c']);
  for (const name of ['b', 'c']) ends.get(name)!.resolve(v4('10.0.0.2'));
  await Promise.all(all);
});

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  // One for many look-ups, where each request has its own.
  setMaxListeners(0, controller.signal);
  return { signal: controller.signal, abort: () => controller.abort(new Error('enough')) };
}
