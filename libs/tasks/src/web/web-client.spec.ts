import type { LookupAddress } from 'node:dns';
import type { RequestListener } from 'node:http';
import { systemClock } from '@lovage/ports';
import { TestClock } from '@lovage/testing';
import { DnsServer } from '../testing/dns-server.ts';
import { WebServer } from '../testing/web-server.ts';
import { HostNames } from './host-names.ts';
import { Patience } from './patience.ts';
import { bodyOf, WebClient, type WebClientOptions } from './web-client.ts';

const never = new AbortController().signal;
const ok: RequestListener = (_request, response) => response.end('hello');
const v4 = (address: string): LookupAddress => ({ address, family: 4 });

async function get(
  url: string,
  options: Partial<WebClientOptions> = {},
  clock = systemClock,
  signal = never,
): Promise<string> {
  const patience = new Patience(clock, signal, 60_000);
  try {
    const response = await new WebClient({ allowHosts: [], ...options }).get(url, patience);
    const chunks: Buffer[] = [];
    for await (const chunk of bodyOf(response, url, patience)) chunks.push(chunk);
    return `${response.statusCode} ${Buffer.concat(chunks).toString()}`;
  } finally {
    patience.close();
  }
}
const refused = (host: string, reason: string) =>
  expect.objectContaining({ code: 'url_refused', host, reason }) as Error;

describe('hosts that are not public', () => {
  it.each(['127.0.0.1', 'localhost', '[::1]', '0x7f.1', '2130706433', '0177.0.0.1', '[::ffff:127.0.0.1]', '0.0.0.0'])(
    '%s is refused before anything is sent',
    async (host) => {
      await using server = await WebServer.start(ok);
      await expect(get(`http://${host}:${server.port}/`)).rejects.toMatchObject({
        code: 'url_refused',
        reason: 'address',
      });
      expect(server.requests).toEqual([]);
    },
  );

  it('may be named as allowed, with a port or without', async () => {
    await using server = await WebServer.start(ok);
    await expect(get(server.url('/'), { allowHosts: ['127.0.0.1'] })).resolves.toBe('200 hello');
    await expect(get(server.url('/'), { allowHosts: [server.host] })).resolves.toBe('200 hello');
    await expect(get(server.url('/'), { allowHosts: ['127.0.0.1:1'] })).rejects.toEqual(
      refused(server.host, 'address'),
    );
  });

  it.each([['10.0.0.1'], ['8.8.8.8', '10.0.0.1'], ['::ffff:10.0.0.1'], ['169.254.169.254']])(
    'a name that resolves to %j %j is refused',
    async (...addresses) => {
      const resolve = () =>
        Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
      await expect(get('http://inner.example/', { resolve })).rejects.toEqual(refused('inner.example', 'address'));
    },
  );

  it('the connection goes to the address that was checked, whatever the name resolves to afterwards', async () => {
    await using open = await WebServer.start((_request, response) => response.end('open'), '127.0.0.1');
    // A name that the system cannot resolve at all: what is reached is reached by the address given here.
    let asked = 0;
    const resolve = () => Promise.resolve([v4((asked += 1) === 1 ? '127.0.0.1' : '127.0.0.2')]);
    const isPublic = (address: string) => address === '127.0.0.1';
    const url = `http://rebinding.example:${open.port}/`;
    await expect(get(url, { resolve, isPublic })).resolves.toBe('200 open');
    expect(asked).toBe(1);
    expect(open.requests[0]!.headers.host).toBe(`rebinding.example:${open.port}`);
    await expect(get(url, { resolve, isPublic })).rejects.toEqual(refused(`rebinding.example:${open.port}`, 'address'));
    expect(open.requests).toHaveLength(1);
  });

  it('what DNS says is checked like any address, and is what the connection goes to', async () => {
    await using open = await WebServer.start((_request, response) => response.end('open'), '127.0.0.1');
    await using dns = await DnsServer.start((name) => ({ v4: name === 'open.example' ? '127.0.0.1' : '10.0.0.1' }));
    const { resolve } = new HostNames({ servers: [dns.address] });
    const isPublic = (address: string) => address === '127.0.0.1';
    await expect(get(`http://open.example:${open.port}/`, { resolve, isPublic })).resolves.toBe('200 open');
    await expect(get('http://inner.example/', { resolve, isPublic })).rejects.toEqual(
      refused('inner.example', 'address'),
    );
  });
});

describe('redirects', () => {
  const to =
    (location: string, status = 302): RequestListener =>
    (_request, response) =>
      response.writeHead(status, { location }).end();

  it('are followed, also relative ones', async () => {
    await using server = await WebServer.start((request, response) =>
      request.url === '/a/b' ? to('../c', 307)(request, response) : response.end(request.url),
    );
    await expect(get(server.url('/a/b'), { allowHosts: [server.host] })).resolves.toBe('200 /c');
  });

  it.each([
    ['/größe', '/gr%C3%B6%C3%9Fe'],
    ['/gr%C3%B6%C3%9Fe', '/gr%C3%B6%C3%9Fe'],
  ])('go where %s was meant to lead, in UTF-8 or encoded', async (location, asked) => {
    await using server = await WebServer.start((request, response) =>
      request.url === '/' ? to(Buffer.from(location).toString('latin1'))(request, response) : response.end(request.url),
    );
    await expect(get(server.url('/'), { allowHosts: [server.host] })).resolves.toBe(`200 ${asked}`);
  });

  it('in Latin-1 go there too', async () => {
    await using server = await WebServer.start((request, response) =>
      request.url === '/' ? to('/caf\u00e9')(request, response) : response.end(request.url),
    );
    await expect(get(server.url('/'), { allowHosts: [server.host] })).resolves.toBe('200 /caf%C3%A9');
  });

  it('to a host that is not public are refused, and it is not asked', async () => {
    await using inner = await WebServer.start(ok);
    await using server = await WebServer.start(to(inner.url('/secret')));
    await expect(get(server.url('/'), { allowHosts: [server.host] })).rejects.toEqual(refused(inner.host, 'address'));
    expect(inner.requests).toEqual([]);
  });

  it('to a name that is public at first and not when it is redirected to are refused', async () => {
    await using server = await WebServer.start((request, response) =>
      to(`http://turning.example:${request.socket.localPort}/again`)(request, response),
    );
    let asked = 0;
    const resolve = () => Promise.resolve([v4((asked += 1) === 1 ? '127.0.0.1' : '10.0.0.1')]);
    const isPublic = (address: string) => address === '127.0.0.1';
    await expect(get(`http://turning.example:${server.port}/`, { resolve, isPublic })).rejects.toMatchObject({
      reason: 'address',
    });
    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['file:///etc/passwd', 'scheme'],
    ['ftp://example.org/', 'scheme'],
    ['http://user:password@127.0.0.1/', 'credentials'],
  ])('to %s are refused', async (location, reason) => {
    await using server = await WebServer.start(to(location));
    await expect(get(server.url('/'), { allowHosts: ['127.0.0.1'] })).rejects.toMatchObject({
      code: 'url_refused',
      reason,
    });
  });

  it('end somewhere', async () => {
    await using server = await WebServer.start(to('/'));
    await expect(get(server.url('/'), { allowHosts: [server.host] })).rejects.toEqual(
      refused(server.host, 'redirects'),
    );
    expect(server.requests).toHaveLength(6);
  });
});

describe('failures that may pass', () => {
  it('a closed port, an unknown name, a line that breaks', async () => {
    await using server = await WebServer.start((_request, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half');
      setImmediate(() => response.destroy());
    });
    const failed = expect.objectContaining({ code: 'fetch_failed' }) as Error;
    await expect(get(server.url('/'), { allowHosts: ['127.0.0.1'] })).rejects.toEqual(failed);
    await expect(get('http://127.0.0.1:1/', { allowHosts: ['127.0.0.1'] })).rejects.toEqual(failed);
    const resolve = () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
    await expect(get('http://nowhere.example/', { resolve })).rejects.toEqual(failed);
  });

  it('silence: before the answer, and within the body', async () => {
    await using server = await WebServer.start((request, response) => {
      if (request.url === '/body') response.write('half');
    });
    const options = { allowHosts: ['127.0.0.1'] };
    for (const path of ['/silent', '/body']) {
      const clock = new TestClock();
      const arrived = server.nextRequest();
      const failing = expect(get(server.url(path), options, clock)).rejects.toThrow(/within 30 s/);
      await arrived;
      // What the server has sent is taken in while time stands still; then it is silent for too long.
      let over = false;
      void failing.then(() => (over = true));
      while (!over) await clock.advance(1000);
      await failing;
      expect(clock.pending).toBe(0);
    }
  });

  it('a name server that never answers', async () => {
    const clock = new TestClock();
    const failing = expect(
      get('http://slow.example/', { resolve: () => new Promise(() => undefined) }, clock),
    ).rejects.toThrow(/within 10 s/);
    await clock.advance(10_000);
    await failing;
    expect(clock.pending).toBe(0);
  });

  it('an abort ends it at once, with its reason', async () => {
    await using server = await WebServer.start(() => undefined);
    const controller = new AbortController();
    const arrived = server.nextRequest();
    const aborted = expect(
      get(server.url('/'), { allowHosts: ['127.0.0.1'] }, systemClock, controller.signal),
    ).rejects.toThrow('revoked');
    await arrived;
    controller.abort(new Error('revoked'));
    await aborted;
  });
});
