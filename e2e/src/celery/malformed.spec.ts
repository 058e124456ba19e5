import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import amqp, { type Channel, type ChannelModel } from 'amqplib';
import { describeWithCelery, describeWithRabbit, eventually } from '@lovage/testing';
import { startKitWorker, type KitWorker } from './kit-run.ts';

interface Reply {
  readonly status: string;
  readonly result: { readonly exc_type?: string; readonly exc_message?: readonly string[] };
}

interface Sent {
  readonly headers?: Record<string, unknown>;
  readonly body?: unknown;
  readonly properties?: Record<string, unknown>;
}

// Section 4 of the wire format: what a worker does with a message that is no task. A Python worker ends with several of these.
describeWithCelery('messages that are no tasks', () => {
  describeWithRabbit('sent to the kit’s worker', (rabbit) => {
    let worker: KitWorker;
    let connection: ChannelModel;
    let channel: Channel;
    let inbox: string;
    const replies = new Map<string, Reply>();

    beforeAll(async () => {
      worker = await startKitWorker(rabbit);
      connection = await amqp.connect(rabbit.url);
      channel = await connection.createChannel();
      ({ queue: inbox } = await channel.assertQueue('', { exclusive: true }));
      const keep = (message: amqp.ConsumeMessage | null): void => {
        if (!message) return;
        const reply = JSON.parse(message.content.toString()) as Reply;
        if (reply.status !== 'STARTED') replies.set(message.properties.correlationId as string, reply);
      };
      await channel.consume(inbox, keep, { noAck: true });
    }, 120_000);
    afterAll(async () => {
      await connection?.close();
      await worker?.[Symbol.asyncDispose]();
    });

    const EMBED = { callbacks: null, errbacks: null, chain: null, chord: null };
    const header = (id: string, more: Record<string, unknown> = {}) => ({
      task: 'interop.add',
      id,
      lang: 'py',
      ...more,
    });

    function send(id: string, { headers = header(id), body = [[1, 2], {}, EMBED], properties = {} }: Sent): void {
      const content = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      const options = { contentType: 'application/json', contentEncoding: 'utf-8', correlationId: id, replyTo: inbox };
      channel.sendToQueue(worker.queue, content, { ...options, headers, ...properties });
    }

    async function answer(id: string) {
      await eventually(() => replies.has(id));
      return replies.get(id)!;
    }

    const dead = async (): Promise<number> => {
      const probe = await connection.createChannel();
      const { messageCount } = await probe.checkQueue(worker.deadLetterQueue);
      await probe.close();
      return messageCount;
    };

    test.each<[string, Sent | ((id: string) => Sent), string]>([
      ['a body that is no JSON', { body: Buffer.from('{nope') }, 'body_not_json'],
      [
        'a gzip stream where kombu sends zlib',
        (id) => ({ headers: header(id, { compression: 'application/x-gzip' }), body: gzipSync('[]') }),
        'compression_invalid',
      ],
      [
        'a content type that is not accepted',
        { properties: { contentType: 'application/x-python-serialize' } },
        'content_type_unsupported',
      ],
      ['no content type', { properties: { contentType: undefined } }, 'content_type_missing'],
      ['a bad eta', (id) => ({ headers: header(id, { eta: 'tomorrow' }) }), 'eta_invalid'],
      ['a bad expires', (id) => ({ headers: header(id, { expires: 'never' }) }), 'expires_invalid'],
      ['kwargs that are no object', { body: [[1, 2], [], EMBED] }, 'kwargs_invalid'],
      ['args that are no array', { body: [{}, {}, EMBED] }, 'args_invalid'],
      ['a body of two elements', { body: [[1, 2], {}] }, 'body_arity_invalid'],
      ['a body of four elements', { body: [[1, 2], {}, EMBED, null] }, 'body_arity_invalid'],
      ['a body that is an object', { body: { task: 'interop.add' } }, 'body_not_array'],
      ['a timelimit of one element', (id) => ({ headers: header(id, { timelimit: [1] }) }), 'timelimit_invalid'],
      ['no id', { headers: { task: 'interop.add' } }, 'id_missing'],
      [
        'an unknown typed value',
        { body: [[{ __type__: 'os.system', __value__: 'id' }, 2], {}, EMBED] },
        'typed_value_unknown',
      ],
      [
        'a key that would change a prototype',
        { body: Buffer.from('[[1,2],{"__proto__":{"x":1}},{}]') },
        'body_key_forbidden',
      ],
      ['NaN among the arguments', { body: Buffer.from('[[NaN,2],{},{}]') }, 'body_number_not_finite'],
    ])('%s: refused, its sender told, the worker unharmed', async (_, given, code) => {
      const id = randomUUID();
      send(id, typeof given === 'function' ? given(id) : given);
      const { status, result } = await answer(id);
      expect([status, result.exc_message?.[0]]).toEqual(['FAILURE', expect.stringContaining(code)]);
      const next = randomUUID();
      send(next, {});
      expect(await answer(next)).toMatchObject({ status: 'SUCCESS', result: 3 });
    });

    test('no task header, and a body without one: a dead letter', async () => {
      const before = await dead();
      send(randomUUID(), { headers: {}, body: { nothing: true } });
      // Beat collects dead letters; either it waits there, or it was told of already.
      const id = randomUUID();
      send(id, {});
      expect(await answer(id)).toMatchObject({ status: 'SUCCESS' });
      expect(await dead()).toBeGreaterThanOrEqual(before);
    });

    test.each<[string, Sent | ((id: string) => Sent), string, string]>([
      ['too many arguments', { body: [[1, 2, 3], {}, EMBED] }, 'TypeError', 'positional'],
      ['an argument given twice', { body: [[1, 2], { x: 1 }, EMBED] }, 'TypeError', 'multiple values'],
      ['an unknown argument', { body: [[1], { y: 2, z: 3 }, EMBED] }, 'TypeError', 'z'],
      ['a missing argument', { body: [[1], {}, EMBED] }, 'TypeError', 'y'],
      ['an unknown task', (id) => ({ headers: header(id, { task: 'interop.nowhere' }) }), 'NotRegistered', 'nowhere'],
      [
        'an expiry that is past',
        (id) => ({ headers: header(id, { expires: '2020-01-01T00:00:00+00:00' }) }),
        'TaskRevokedError',
        'expired',
      ],
    ])('%s: told as Celery tells it', async (_, given, type, text) => {
      const id = randomUUID();
      send(id, typeof given === 'function' ? given(id) : given);
      const { result } = await answer(id);
      expect([result.exc_type, result.exc_message?.[0]]).toEqual([type, expect.stringContaining(text)]);
    });

    test.each<[string, unknown, unknown]>([
      ['an embed of null', [[1, 2], {}, null], 3],
      ['an empty embed', [[1], { y: 5 }, {}], 6],
    ])('%s is accepted', async (_, body, result) => {
      const id = randomUUID();
      send(id, { body });
      expect(await answer(id)).toMatchObject({ status: 'SUCCESS', result });
    });

    test.each<[string, unknown, unknown]>([
      ['celery.map', [[{ task: 'interop.xsum' }, [[1, 2], [3]]], {}, EMBED], [3, 3]],
      ['celery.starmap', [[], { task: { task: 'interop.add' }, it: [[1, 2]] }, EMBED], [3]],
      ['celery.accumulate', [[[1, 2]], { index: 0 }, EMBED], [1, 2]],
    ])('%s is served as every Celery worker does', async (task, body, result) => {
      const id = randomUUID();
      send(id, { headers: header(id, { task }), body });
      expect(await answer(id)).toMatchObject({ status: 'SUCCESS', result });
    });

    test('celery.chunks starts starmaps, and its result is their group', async () => {
      const id = randomUUID();
      const chunk = { task: 'interop.add', options: { reply_to: inbox } };
      send(id, {
        headers: header(id, { task: 'celery.chunks' }),
        body: [
          [
            chunk,
            [
              [1, 2],
              [3, 4],
              [5, 6],
            ],
            2,
          ],
          {},
          EMBED,
        ],
      });
      const { status, result } = await answer(id);
      expect([status, result]).toEqual(['SUCCESS', [[expect.any(String), null], expect.any(Array)]]);
      const [, members] = result as unknown as [unknown, [[string, null], null][]];
      await eventually(async () => {
        const rows = await worker.query('select result from tasks where id = any($1) order by id', [
          members.map(([[one]]) => one),
        ]);
        return rows.filter((row) => row.result !== null).length === 2;
      });
    });

    test('tasks that only Celery’s own workers run are refused where there is none, and say so', async () => {
      const ids = ['chord_unlock', 'backend_cleanup', 'group', 'chain'].map((task) => {
        const id = randomUUID();
        send(id, { headers: header(id, { task: `celery.${task}` }), body: [[], {}, EMBED] });
        return id;
      });
      for (const { result } of await Promise.all(ids.map(answer)))
        expect([result.exc_type, result.exc_message?.[0]]).toEqual([
          'NotRegistered',
          expect.stringContaining("only Celery's own workers run it"),
        ]);
    });

    test('protocol 1 is accepted', async () => {
      const id = randomUUID();
      const body = { task: 'interop.add', id, args: [1], kwargs: { y: 2 }, retries: 0, eta: null, expires: null };
      send(id, { headers: {}, body });
      expect(await answer(id)).toMatchObject({ status: 'SUCCESS', result: 3 });
    });

    test('typed values of kombu are read as plain ones', async () => {
      const id = randomUUID();
      const uuid = { __type__: 'uuid', __value__: { hex: '00000000000000000000000000000001' } };
      const time = { __type__: 'datetime', __value__: '2030-01-01T00:00:00+00:00' };
      send(id, { headers: header(id, { task: 'interop.echo' }), body: [[uuid], { t: time }, EMBED] });
      expect(await answer(id)).toMatchObject({
        result: { args: ['00000000-0000-0000-0000-000000000001'], kwargs: { t: '2030-01-01T00:00:00+00:00' } },
      });
    });

    test('stamps and headers come with the request, also after a wait', async () => {
      const id = randomUUID();
      const eta = new Date(Date.now() + 300).toISOString().replace(/Z$/, '000+00:00');
      const stamps = { stamped_headers: ['tenant'], stamps: { tenant: 'acme' } };
      send(id, {
        headers: header(id, { task: 'interop.headers', eta, shadow: 'nick', ...stamps }),
        body: [[], {}, EMBED],
      });
      expect(await answer(id)).toMatchObject({
        result: { id, lang: 'py', shadow: 'nick', correlation_id: id, headers: stamps },
      });
    });
  });
});
