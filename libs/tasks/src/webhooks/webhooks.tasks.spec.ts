import { createHmac } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { deliverWebhook } from '@lovage/contracts';
import { validateInput, validateOutput, type SubmitInput } from '@lovage/task';
import { TestClock } from '@lovage/testing';
import { fakeTask } from '@lovage/runtime/testing';
import { TestFiles } from '../testing/test-files.ts';
import { WebServer } from '../testing/web-server.ts';
import { WebClient } from '../web/web-client.ts';
import { signedHeaders } from './sign.ts';
import { WebhooksTasks } from './webhooks.tasks.ts';

const secretOf = (fill: number) => `whsec_${Buffer.alloc(32, fill).toString('base64')}`;
const payload = { type: 'order.paid', data: { order: 17, name: 'Müller' } };

async function deliver(input: SubmitInput<typeof deliverWebhook>, allowHosts = ['127.0.0.1']) {
  using test = new TestFiles();
  const options = { ...test.options(), webhooks: { secrets: { orders: [secretOf(1), secretOf(2)] } } };
  const handlers = new WebhooksTasks(options, new WebClient({ allowHosts }), new TestClock());
  const { task } = fakeTask(deliverWebhook);
  return validateOutput(deliverWebhook, await handlers.deliver(validateInput(deliverWebhook, input), task));
}

describe('webhooks.deliver', () => {
  it('posts the payload, signed by each secret of the name', async () => {
    let body = '';
    await using server = await WebServer.start((request, response) => {
      void text(request).then((got) => {
        body = got;
        response.writeHead(204).end();
      });
    });
    expect(await deliver({ url: server.url('/hook?t=1'), payload, secret: 'orders' })).toEqual({ status: 204 });
    const [{ method, url, headers }] = server.requests as [(typeof server.requests)[number]];
    expect({ method, url, type: headers['content-type'] }).toEqual({
      method: 'POST',
      url: '/hook?t=1',
      type: 'application/json',
    });
    expect(JSON.parse(body)).toEqual(payload);
    expect(headers['webhook-id']).toBe('task');
    const timestamp = headers['webhook-timestamp'] as string;
    expect(timestamp).toBe(String(Math.floor(new TestClock().now() / 1000)));
    const expected = [1, 2].map((fill) => {
      const hmac = createHmac('sha256', Buffer.alloc(32, fill)).update(`task.${timestamp}.${body}`);
      return `v1,${hmac.digest('base64')}`;
    });
    expect(headers['webhook-signature']).toBe(expected.join(' '));
  });

  it('signs as Standard Webhooks does', () => {
    const headers = signedHeaders(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      atMs: 1_614_265_330_000,
      body: '{"test": 2432232314}',
    });
    expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  const status =
    (code: number, headers: Record<string, string> = {}): RequestListener =>
    (_request, response) =>
      response.writeHead(code, headers).end();

  it.each([429, 500, 503])('%d may pass: tried again, not before Retry-After', async (code) => {
    await using server = await WebServer.start(status(code, { 'retry-after': '60' }));
    await expect(deliver({ url: server.url('/'), payload, secret: 'orders' })).rejects.toMatchObject({
      code: 'fetch_failed',
      retryAfter: '60',
    });
  });

  it.each([302, 307, 400, 404, 410])('%d is final; no redirect gets the signature', async (code) => {
    await using server = await WebServer.start(status(code, { location: '/elsewhere' }));
    await expect(deliver({ url: server.url('/'), payload, secret: 'orders' })).rejects.toMatchObject({
      type: 'HttpStatus',
      data: { status: code },
    });
    expect(server.requests).toHaveLength(1);
  });

  it('refuses addresses that are not public, and secrets that it does not have, before anything is sent', async () => {
    await using server = await WebServer.start(status(200));
    await expect(deliver({ url: server.url('/'), payload, secret: 'orders' }, [])).rejects.toMatchObject({
      type: 'UrlRefused',
    });
    for (const secret of ['crm', 'constructor'])
      await expect(deliver({ url: server.url('/'), payload, secret })).rejects.toMatchObject({
        type: 'SecretUnknown',
        data: { secret },
      });
    expect(server.requests).toEqual([]);
  });

  it('is limited by host, takes no payload without bounds, and no secret instead of its name', () => {
    const key = deliverWebhook.options.concurrency!.key!;
    expect(key({ url: 'https://hooks.example.org/a?b=1' })).toBe('hooks.example.org');
    const take = (given: object) => () =>
      validateInput(deliverWebhook, { url: 'https://example.org/', payload, secret: 'orders', ...given });
    expect(take({})).not.toThrow();
    expect(take({ payload: 'x'.repeat(300_000) })).toThrow();
    expect(take({ secret: secretOf(1) })).toThrow();
    expect(take({ url: 'https://u:p@example.org/' })).toThrow();
  });
});
