import { hostname } from 'node:os';
import { encodeTask } from './encode-task.ts';
import type { OutgoingTask } from './task-message.ts';

const ID = '01890a5d-ac96-774b-bcce-b302099a8057';
const task = (over: Partial<OutgoingTask> = {}): OutgoingTask => ({
  ...{ id: ID, name: 'math.add', inputJson: '{"x":1,"y":2}', rootId: null, parentId: null, retries: 0 },
  ...{ generation: 0, hasRow: false },
  ...over,
});

describe('encodeTask', () => {
  it('makes the message that a Celery worker expects: body of three, every header of protocol 2', () => {
    const message = encodeTask(task({ replyTo: 'inbox' }));
    expect(message.body.toString()).toBe(
      '[[],{"x":1,"y":2},{"callbacks":null,"errbacks":null,"chain":null,"chord":null}]',
    );
    expect(message).toEqual({
      body: message.body,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      correlationId: ID,
      replyTo: 'inbox',
      headers: {
        ...{ lang: 'js', task: 'math.add', id: ID, shadow: null, eta: null, expires: null, group: null },
        ...{ group_index: null, retries: 0, timelimit: [null, null], root_id: null, parent_id: null },
        ...{ argsrepr: '()', kwargsrepr: '{"x":1,"y":2}', origin: `gen${process.pid}@${hostname()}` },
        ...{ ignore_result: false, 'x-lovage-turn': 0 },
      },
    });
  });

  it('never asks the broker to expire the message', () => {
    const message = encodeTask(task({ expiresAt: 1_900_000_000_000 }));
    expect(message.headers['expires']).toBe('2030-03-17T17:46:40.000000+00:00');
    expect(message).not.toHaveProperty('expiration');
  });

  it('carries generation, row, stamp and new-task data in headers of our own', () => {
    const newTask = { userId: ID, expiresAt: 5 };
    const { headers } = encodeTask(task({ generation: 3, hasRow: true, stamp: '2:0123456789abcdef', newTask }));
    expect(headers).toMatchObject({ 'x-lovage-turn': 3, 'x-lovage-row': 1, 'x-lovage-input': '2:0123456789abcdef' });
    expect(encodeTask(task({ stamp: null })).headers).not.toHaveProperty('x-lovage-input');
    expect(JSON.parse(headers['x-lovage-facts'] as string)).toEqual(newTask);
  });

  it('leaves the reply address out when there is none', () => {
    expect(encodeTask(task())).not.toHaveProperty('replyTo');
    expect(encodeTask(task({ replyTo: '' }))).not.toHaveProperty('replyTo');
  });

  it('writes limits, times and workflow fields', () => {
    const { headers } = encodeTask(
      task({
        ...{ timeLimit: [30, 20], eta: 1_795_215_146_226, retries: 2, rootId: 'r', parentId: 'p' },
        ...{ shadow: 'pretty', group: 'g', groupIndex: 1, ignoreResult: true },
      }),
    );
    expect(headers).toMatchObject({
      ...{ timelimit: [30, 20], eta: '2026-11-20T22:52:26.226000+00:00', retries: 2, root_id: 'r', parent_id: 'p' },
      ...{ shadow: 'pretty', group: 'g', group_index: 1, ignore_result: true },
    });
  });

  it('writes foreign arguments and canvas', () => {
    const link = { task: 't', args: [], kwargs: {}, options: {}, subtask_type: null, immutable: false };
    const message = encodeTask(
      task({ inputJson: null, args: [2], kwargs: { y: 3 }, embed: { callbacks: [link], chord: link } }),
    );
    expect(JSON.parse(message.body.toString())).toEqual([
      [2],
      { y: 3 },
      { callbacks: [link], errbacks: null, chain: null, chord: link },
    ]);
    expect(message.headers).toMatchObject({ argsrepr: '[2]', kwargsrepr: '{"y":3}' });
  });

  it('sends no arguments when neither form is given', () => {
    expect(encodeTask(task({ inputJson: null })).body.toString()).toMatch(/^\[\[\],\{\},\{/);
  });

  it('keeps the argument texts short, and never cuts a character in two', () => {
    const inputJson = JSON.stringify({ a: `${'x'.repeat(249)}🌿 and much more`, b: 'y'.repeat(5000) });
    const text = encodeTask(task({ inputJson })).headers['kwargsrepr'] as string;
    expect(text.length).toBeLessThanOrEqual(260);
    expect(Buffer.from(text, 'utf8').toString('utf8')).toBe(text);
    expect(text.endsWith('...')).toBe(true);
  });

  it('takes further headers, without those of the broker and never instead of its own', () => {
    const { headers } = encodeTask(
      task({
        headers: {
          ...{ 'x-trace': 'abc', 'x-death': [{ count: 1 }], 'x-delivery-count': 2, CC: ['elsewhere'] },
          ...{ compression: 'application/x-gzip', 'x-lovage-row': 1, 'x-lovage-facts': '{}', id: 'other', lang: 'py' },
        },
      }),
    );
    expect(headers).toMatchObject({ 'x-trace': 'abc', id: ID, lang: 'js' });
    for (const key of ['x-death', 'x-delivery-count', 'CC', 'compression', 'x-lovage-row', 'x-lovage-facts'])
      expect(headers).not.toHaveProperty(key);
  });

  it.each(['[1]', '"x"', '', 'null', '1', '{'])(
    'refuses %p as input: such a body would end a Python worker',
    (inputJson) => {
      expect(() => encodeTask(task({ inputJson }))).toThrow(TypeError);
    },
  );

  it('refuses a time that Python cannot hold', () => {
    expect(() => encodeTask(task({ eta: 253_402_300_800_000 }))).toThrow(RangeError);
    expect(() => encodeTask(task({ expiresAt: Number.NaN }))).toThrow(RangeError);
  });
});
