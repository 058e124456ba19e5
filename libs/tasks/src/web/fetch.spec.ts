import type { IncomingMessage, RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { WebServer } from '../testing/web-server.ts';
import { WebClient } from './web-client.ts';

const { signal } = new AbortController();
const client = new WebClient({ allowHosts: ['127.0.0.1'] });

/** Answers with what it was asked. */
const echo: RequestListener = (request, response) =>
  void text(request).then((body) => response.end(JSON.stringify({ method: request.method, body, ...of(request) })));
const of = ({ url, headers }: IncomingMessage) => ({ url, type: headers['content-type'], auth: headers.authorization });

describe('WebClient.fetch', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'post'])('%s sends method, headers and body', async (method) => {
    await using server = await WebServer.start(echo);
    const headers = { 'content-type': 'application/json', authorization: 'Bearer t' };
    const answer = await client.fetch(server.url('/a?b'), { method, headers, body: '{"x":"ü"}', signal });
    expect({ ok: answer.ok, status: answer.status, url: answer.url }).toEqual({
      ok: true,
      status: 200,
      url: server.url('/a?b'),
    });
    expect(answer.json()).toEqual({
      method: method.toUpperCase(),
      body: '{"x":"ü"}',
      url: '/a?b',
      type: 'application/json',
      auth: 'Bearer t',
    });
  });

  it('GET by default; HEAD without a body', async () => {
    await using server = await WebServer.start((request, response) => {
      if (request.method !== 'HEAD') return void echo(request, response);
      response.writeHead(200, { 'content-length': '5000000', 'content-encoding': 'gzip' }).end();
    });
    expect((await client.fetch(server.url('/'), { signal })).json()).toMatchObject({ method: 'GET', body: '' });
    const head = await client.fetch(server.url('/'), { method: 'HEAD', signal });
    expect({ bytes: head.body.length, length: head.headers['content-length'] }).toEqual({
      bytes: 0,
      length: '5000000',
    });
  });

  it('refuses hosts that are not public whatever the method, and sends nothing', async () => {
    await using server = await WebServer.start(echo);
    const strict = new WebClient({ allowHosts: [] });
    await expect(strict.fetch(server.url('/'), { method: 'POST', body: 'x', signal })).rejects.toMatchObject({
      code: 'url_refused',
      reason: 'address',
    });
    await using open = await WebServer.start((_request, response) =>
      response.writeHead(307, { location: server.url('/') }).end(),
    );
    const one = new WebClient({ allowHosts: [open.host] });
    await expect(one.fetch(open.url('/'), { method: 'POST', body: 'x', signal })).rejects.toMatchObject({
      code: 'url_refused',
    });
    expect(server.requests).toEqual([]);
  });

  it.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [302, 'PUT', 'PUT', 'x'],
    [307, 'POST', 'POST', 'x'],
    [308, 'POST', 'POST', 'x'],
  ])('after %d a %s goes on as %s', async (status, method, then, body) => {
    await using server = await WebServer.start((request, response) => {
      if (request.url === '/') response.writeHead(status, { location: '/next' }).end();
      else echo(request, response);
    });
    const headers = { 'content-type': 'text/plain', authorization: 'Bearer t' };
    const answer = await client.fetch(server.url('/'), { method, headers, body: 'x', signal });
    expect(answer.json()).toEqual({
      method: then,
      body,
      url: '/next',
      auth: 'Bearer t',
      ...(body !== '' && { type: 'text/plain' }),
    });
    expect(answer.url).toBe(server.url('/next'));
  });

  it('keeps credentials from other hosts; follows no redirect where it is told not to', async () => {
    await using other = await WebServer.start(echo);
    await using server = await WebServer.start((_request, response) =>
      response.writeHead(307, { location: other.url('/') }).end('moved'),
    );
    const headers = { Authorization: 'Bearer t', 'X-Api-Key': 'k', cookie: 'c=1', 'x-other': '1' };
    await client.fetch(server.url('/'), { headers, signal });
    expect(other.requests[0]!.headers).toMatchObject({ 'x-other': '1' });
    for (const name of ['authorization', 'x-api-key', 'cookie'])
      expect(other.requests[0]!.headers).not.toHaveProperty(name);
    expect(await client.fetch(server.url('/'), { redirects: 0, signal })).toMatchObject({ status: 307, ok: false });
    expect(other.requests).toHaveLength(1);
  });

  it('bounds the decoded body', async () => {
    await using server = await WebServer.start((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(3 * 1024 ** 2))),
    );
    await expect(client.fetch(server.url('/'), { signal })).rejects.toMatchObject({ code: 'file_too_large' });
    const answer = await client.fetch(server.url('/'), { maxBytes: 3 * 1024 ** 2, signal });
    expect(answer.body).toHaveLength(3 * 1024 ** 2);
  });

  it('gives any status; requireOk tells what may pass from what will not', async () => {
    await using server = await WebServer.start((request, response) =>
      response.writeHead(Number(request.url!.slice(1)), { 'retry-after': '7' }).end('why'),
    );
    const answer = await client.fetch(server.url('/404'), { signal });
    expect({ status: answer.status, text: answer.text() }).toEqual({ status: 404, text: 'why' });
    expect(() => answer.requireOk()).toThrow(expect.objectContaining({ code: 'http_status', status: 404 }));
    for (const status of [408, 425, 429, 500, 503]) {
      const busy = await client.fetch(server.url(`/${status}`), { signal });
      expect(() => busy.requireOk()).toThrow(expect.objectContaining({ code: 'fetch_failed', retryAfter: '7' }));
    }
    const fine = await client.fetch(server.url('/200'), { signal });
    expect(fine.requireOk()).toBe(fine);
  });

  it('ends in time, and with the signal', async () => {
    await using server = await WebServer.start(() => undefined);
    await expect(client.fetch(server.url('/'), { timeout: '20ms', signal })).rejects.toMatchObject({
      code: 'fetch_failed',
    });
    await expect(client.fetch(server.url('/'), { signal: AbortSignal.abort(new Error('revoked')) })).rejects.toThrow(
      'revoked',
    );
  });
});
