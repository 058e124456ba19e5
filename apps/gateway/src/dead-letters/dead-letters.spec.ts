import { encodeTask } from '@lovage/celery';
import { newId } from '@lovage/foundation';
import type { BulkRetryAnswer, DeadLetterList, WholeDeadLetterDocument } from '@lovage/http-api';
import type { NewDeadLetter } from '@lovage/ports';
import { TestGateway, type GatewayAnswer } from '../testing/test-gateway.ts';

const NONE = { submitted: 0, skipped: 0, refused: 0, refusals: [], lastDueAt: null, nextCursor: null };

/** The message of a task that can be read. */
function readable(name: string, input: unknown, more: Partial<Parameters<typeof encodeTask>[0]> = {}) {
  const id = newId();
  const { body, headers } = encodeTask({
    ...{
      id,
      name,
      inputJson: JSON.stringify(input),
      rootId: id,
      parentId: null,
      retries: 0,
      generation: 0,
      hasRow: true,
    },
    ...more,
  });
  return {
    taskId: id,
    name,
    reason: 'rejected',
    code: null,
    detail: null,
    body,
    bodySize: body.length,
    headers: JSON.stringify(headers),
  };
}

class GatewayWithDeadLetters implements AsyncDisposable {
  private constructor(readonly gateway: TestGateway) {}

  static async open(): Promise<GatewayWithDeadLetters> {
    return new GatewayWithDeadLetters(await TestGateway.start());
  }

  /** Writes a dead letter down as a beat does; one that cannot be read unless told otherwise. */
  async deadLetter(overrides: Partial<NewDeadLetter> = {}): Promise<string> {
    const id = newId();
    const body = overrides.body ?? Buffer.from('[[1, 2], {}, ');
    await this.gateway.store.deadLetters.keep([
      {
        ...{ id, fingerprint: id, redelivered: false, queue: 'default', reason: 'malformed', code: 'body_not_json' },
        ...{
          detail: 'the body is not JSON',
          taskId: null,
          wireId: null,
          name: null,
          generation: -1,
          priority: null,
          hadRow: false,
        },
        ...{ headers: '{}', contentType: 'application/json', contentEncoding: 'utf-8', body, bodySize: body.length },
        ...{ diedAt: null, task: null, error: '{"type":"MessageMalformed","message":"no JSON"}', resend: false },
        ...overrides,
      },
    ]);
    return id;
  }

  redrive(id: string, body?: unknown): Promise<GatewayAnswer> {
    return this.gateway.ask(`/api/dead-letters/${id}/redrive`, { method: 'POST', body });
  }

  async redriveMany(body: unknown): Promise<BulkRetryAnswer> {
    const answer = await this.gateway.ask('/api/dead-letters/redrive', { body });
    expect(answer.status).toBe(200);
    return answer.json<BulkRetryAnswer>();
  }

  async list(query = ''): Promise<DeadLetterList> {
    const answer = await this.gateway.ask(`/api/dead-letters${query}`, { as: 'viewer' });
    expect(answer.status).toBe(200);
    return answer.json<DeadLetterList>();
  }

  /** Moments of the outbox, ms from the first one. */
  async spread(): Promise<number[]> {
    const rows = await this.gateway.db.query<{ at: number }>(
      'select extract(epoch from due_at)::float8 * 1000 as at from outbox order by due_at',
    );
    return rows.map(({ at }) => Math.round(at - rows[0]!.at));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.gateway[Symbol.asyncDispose]();
  }
}

test('dead letters are listed, newest first, page by page, without their messages', async () => {
  await using f = await GatewayWithDeadLetters.open();
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift(await f.deadLetter({ detail: `number ${n}` }));
  const all = await f.list();
  expect(all.items.map(({ id }) => id)).toEqual(ids);
  expect(all.nextCursor).toBeNull();
  expect(all.items[0]).toEqual({
    ...{ id: ids[0], queue: 'default', reason: 'malformed', code: 'body_not_json', detail: 'number 4' },
    ...{
      taskId: null,
      name: null,
      priority: null,
      outcome: 'none',
      bodySize: 13,
      diedAt: null,
      receivedAt: expect.any(String) as string,
    },
    redriven: null,
  });
  const first = await f.list('?limit=3');
  const second = await f.list(`?limit=3&cursor=${first.nextCursor!}`);
  expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
  expect(second.nextCursor).toBeNull();
});

test('by queue, reason, name, task, text, and whether they were redriven', async () => {
  await using f = await GatewayWithDeadLetters.open();
  const wireId = 'job-7';
  const ids = [
    await f.deadLetter({ queue: 'mail', detail: 'strange' }),
    await f.deadLetter({ reason: 'expired', name: 'math.add', taskId: newId() }),
    await f.deadLetter({
      headers: '{"origin":"Gen7@host"}',
      body: Buffer.from([0x80, 0x5b, 0xff, ...Buffer.from('needle')]),
    }),
    await f.deadLetter(readable('math.add', { x: 1, y: 2 }, { id: wireId })),
  ];
  const found = async (query: string): Promise<number[]> =>
    (await f.list(query)).items.map(({ id }) => ids.indexOf(id)).reverse();
  expect(await found('?queue=mail')).toEqual([0]);
  expect(await found('?reason=expired')).toEqual([1]);
  expect(await found('?name=math.add')).toEqual([1, 3]);
  expect(await found('?name=math.add&reason=malformed')).toEqual([]);
  expect(await found('?text=STRANGE')).toEqual([0]);
  expect(await found('?text=gen7')).toEqual([2]);
  expect(await found('?text=needle')).toEqual([2]);
  expect(await found('?text=100%25')).toEqual([]);
  const { taskId } = (await f.list('?reason=expired')).items[0]!;
  expect(await found(`?task=${taskId!}`)).toEqual([1]);
  expect((await f.redrive(ids[3]!)).status).toBe(202);
  expect(await found('?redriven=true')).toEqual([3]);
  expect(await found('?redriven=false')).toEqual([0, 1, 2]);
});

test.each(['?limit=0', '?limit=x', '?cursor=x', '?redriven=maybe', '?colour=red', '?text=', '?queue=%00'])(
  'a query that will not do: %s',
  async (query) => {
    await using f = await GatewayWithDeadLetters.open();
    const answer = await f.gateway.ask(`/api/dead-letters${query}`);
    expect([answer.status, answer.problem().code]).toEqual([422, 'query_invalid']);
  },
);

test('a dead letter is shown with its message, and whether that can be read', async () => {
  await using f = await GatewayWithDeadLetters.open();
  const whole = async (id: string) => (await f.gateway.ask(`/api/dead-letters/${id}`)).json<WholeDeadLetterDocument>();
  const broken = await whole(await f.deadLetter({ headers: '{"task":"math.add"}' }));
  expect(broken).toMatchObject({ readable: false, input: null, body: '[[1, 2], {}, ', headers: { task: 'math.add' } });
  const bytes = Buffer.from([0x5b, 0xff]);
  expect(await whole(await f.deadLetter({ body: bytes }))).toMatchObject({
    body: null,
    bodyBase64: bytes.toString('base64'),
  });
  expect(await whole(await f.deadLetter(readable('math.add', { x: 1, y: 2 })))).toMatchObject({
    readable: true,
    input: { x: 1, y: 2 },
    truncated: false,
  });
  expect(await whole(await f.deadLetter({ ...readable('math.add', {}), bodySize: 2 ** 21 }))).toMatchObject({
    readable: false,
    truncated: true,
  });
  for (const id of [newId(), 'x']) {
    const answer = await f.gateway.ask(`/api/dead-letters/${id}`);
    expect([answer.status, answer.problem().code]).toEqual([404, 'letter_unknown']);
  }
});

test('one that can be read becomes a task of its own, once', async () => {
  await using f = await GatewayWithDeadLetters.open();
  const message = readable('math.add', { x: 1, y: 2 }, { timeLimit: [9, 3], newTask: { retry: { maxAttempts: 4 } } });
  const id = await f.deadLetter({ ...message, queue: 'default', priority: 8 });
  const answers = await Promise.all([f.redrive(id), f.redrive(id, {}), f.redrive(id)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
  const done = answers.find(({ status }) => status === 202)!;
  const task = done.json();
  expect(done.headers['location']).toBe(`/api/tasks/${task.id}`);
  expect(task).toMatchObject({
    ...{ name: 'math.add', queue: 'default', state: 'PENDING', input: { x: 1, y: 2 } },
    ...{ retriedFrom: message.taskId, user: f.gateway.userId, priority: 8 },
  });
  expect(task.id).not.toBe(message.taskId);
  expect((await f.gateway.ask(`/api/tasks/${task.id}`)).json()).toEqual({
    ...task,
    createdAt: expect.any(String) as string,
  });
  expect(await f.gateway.db.query('select task_id, turn as generation from outbox')).toEqual([
    { task_id: task.id, generation: 0 },
  ]);
  expect((await f.gateway.store.tasks.get(task.id))!.message).toEqual({ timeLimit: [9, 3], retry: { maxAttempts: 4 } });
  expect((await f.list()).items[0]).toMatchObject({ redriven: { as: task.id, actor: f.gateway.userId } });
  const again = (await f.redrive(id)).problem();
  expect(again).toMatchObject({ code: 'letter_redriven', detail: expect.stringContaining(task.id) as string });
  expect(await f.gateway.db.query('select action, target, detail from audit')).toEqual([
    {
      action: 'dead_letter.redrive',
      target: id,
      detail: { task: task.id, name: 'math.add', queue: 'default', edited: false },
    },
  ]);
});

test('one that cannot be read needs an input, and a name if it has none', async () => {
  await using f = await GatewayWithDeadLetters.open();
  const id = await f.deadLetter({ name: 'math.add', taskId: newId() });
  const refused = (await f.redrive(id)).problem();
  expect(refused).toMatchObject({ status: 422, code: 'letter_unreadable', errors: [{ path: 'input' }] });
  expect(refused.detail).toContain('body_not_json');
  const task = (await f.redrive(id, { input: { x: 20, y: 22 } })).json();
  expect(task).toMatchObject({ name: 'math.add', input: { x: 20, y: 22 }, queue: 'default' });
  const nameless = await f.deadLetter();
  expect((await f.redrive(nameless, { input: { x: 1, y: 2 } })).problem()).toMatchObject({
    code: 'letter_unreadable',
    errors: [{ path: 'name' }],
  });
  const named = (await f.redrive(nameless, { name: 'math.add', input: { x: 1, y: 2 } })).json();
  expect(named).toMatchObject({ name: 'math.add', retriedFrom: null });
});

test('an edited input is checked by the contract, and a refusal leaves the dead letter as it is', async () => {
  await using f = await GatewayWithDeadLetters.open();
  const id = await f.deadLetter({ name: 'math.add' });
  const refused: [unknown, string, string][] = [
    [{ input: { x: 1 } }, 'input_invalid', 'input.y'],
    [{ input: { x: 1, y: 2 }, queue: 'nowhere' }, 'queue_unknown', 'queue'],
    [{ input: { x: 1, y: 2 }, queue: '' }, 'body_invalid', 'queue'],
    [{ input: { x: 1, y: 2 }, colour: 'red' }, 'body_invalid', 'colour'],
    [{ name: 'a\0b', input: {} }, 'body_invalid', 'name'],
  ];
  for (const [body, code, path] of refused) {
    const answer = await f.redrive(id, body);
    expect([answer.status, answer.problem().code, answer.problem().errors[0]!.path]).toEqual([422, code, path]);
  }
  expect(await f.gateway.db.query('select 1 from tasks')).toEqual([]);
  expect((await f.redrive(id, { input: { x: 1, y: 2 }, queue: 'mail' })).json()).toMatchObject({ queue: 'mail' });
});

test('of another Celery application: its arguments and what follows go as they are', async () => {
  await using f = await GatewayWithDeadLetters.open();
  const chain = [{ task: 'their.next', args: [], kwargs: {}, options: {} }];
  const id = await f.deadLetter(
    readable('their.task', {}, { inputJson: null, args: [1, 'a'], kwargs: { b: 2 }, embed: { chain } }),
  );
  const task = (await f.redrive(id)).json();
  expect(task).toMatchObject({ name: 'their.task', queue: 'default', input: null });
  expect((await f.gateway.store.tasks.get(task.id))!.message).toMatchObject({
    args: [1, 'a'],
    kwargs: { b: 2 },
    embed: { chain },
  });
  const edited = await f.deadLetter({ name: 'their.task' });
  expect((await f.redrive(edited, { input: [1] })).problem()).toMatchObject({ code: 'body_invalid' });
  expect((await f.redrive(edited, { input: { b: 3 } })).json()).toMatchObject({ input: { b: 3 } });
});

test('with a chain behind it: what follows goes with it, unless it is no canvas', async () => {
  await using f = await GatewayWithDeadLetters.open();
  const chain = [{ task: 'their.next', args: [], kwargs: {}, options: {} }];
  const deadLetter = readable('math.add', { x: 1, y: 2 }, { embed: { chain } });
  const task = (await f.redrive(await f.deadLetter(deadLetter))).json();
  expect((await f.gateway.store.tasks.get(task.id))!.message).toMatchObject({ embed: { chain } });
  const bad = readable('math.add', { x: 1, y: 2 }, { embed: { chain: [{ args: [] }] } });
  const problem = (await f.redrive(await f.deadLetter({ ...bad, code: 'canvas_invalid' }))).problem();
  expect(problem).toMatchObject({ status: 422, code: 'letter_unreadable', errors: [{ path: 'embed' }] });
  expect(problem.detail).toContain('chain[0]');
});

describe('many at once', () => {
  test('by a filter and at a rate: each gets its moment, and the request waits for none', async () => {
    await using f = await GatewayWithDeadLetters.open();
    for (let n = 0; n < 6; n += 1) await f.deadLetter({ ...readable('math.add', { x: n, y: 1 }), queue: 'default' });
    const other = await f.deadLetter({ ...readable('math.add', { x: 9, y: 9 }), queue: 'mail' });
    const broken = await f.deadLetter({ name: 'math.add' });
    const before = Date.now();
    const answer = await f.redriveMany({ filter: { queue: 'default' }, rate: '6/m' });
    expect(answer).toEqual({
      ...{ ...NONE, submitted: 6, refused: 1, lastDueAt: expect.any(String) as string },
      refusals: [{ id: broken, code: 'letter_unreadable', message: expect.stringContaining('input') as string }],
    });
    expect(Date.parse(answer.lastDueAt!) - before).toBeGreaterThanOrEqual(50_000);
    const spread = await f.spread();
    expect(spread).toHaveLength(6);
    spread.forEach((at, n) => expect(Math.abs(at - n * 10_000)).toBeLessThan(2000));
    expect((await f.list('?redriven=false')).items.map(({ id }) => id)).toEqual([broken, other]);
    const states = await f.gateway.db.query(
      'select state, count(*)::int, bool_and(eta is not null) as eta from tasks group by 1 order by 1',
    );
    expect(states).toEqual([
      { state: 'PENDING', count: 1, eta: false },
      { state: 'SCHEDULED', count: 5, eta: true },
    ]);
    const [audit] = await f.gateway.db.query<{ detail: object }>('select detail from audit');
    expect(audit!.detail).toMatchObject({ filter: { queue: 'default' }, rate: '6/m', submitted: 6, refused: 1 });
  });

  test('in parts: each request goes on where the one before ended, at the same rate', async () => {
    await using f = await GatewayWithDeadLetters.open();
    for (let n = 0; n < 5; n += 1) await f.deadLetter(readable('math.add', { x: n, y: 1 }));
    const seen: number[] = [];
    let cursor: string | undefined;
    do {
      const answer = await f.redriveMany({ filter: { name: 'math.add' }, rate: '1/m', limit: 2, cursor });
      seen.push(answer.submitted);
      cursor = answer.nextCursor ?? undefined;
    } while (cursor);
    expect(seen).toEqual([2, 2, 1]);
    const spread = await f.spread();
    spread.forEach((at, n) => expect(Math.abs(at - n * 60_000)).toBeLessThan(2000));
  });

  test('without a rate they are all due at once; a second time there is nothing to do', async () => {
    await using f = await GatewayWithDeadLetters.open();
    for (let n = 0; n < 3; n += 1) await f.deadLetter(readable('math.add', { x: n, y: 1 }));
    expect(await f.redriveMany({ filter: { name: 'math.add' } })).toMatchObject({
      ...NONE,
      submitted: 3,
      lastDueAt: expect.any(String) as string,
    });
    expect(await f.redriveMany({ filter: { name: 'math.add' } })).toEqual(NONE);
    expect(await f.gateway.db.query('select distinct state from tasks')).toEqual([{ state: 'PENDING' }]);
  });

  test('two requests at once make each dead letter one task', async () => {
    await using f = await GatewayWithDeadLetters.open();
    for (let n = 0; n < 30; n += 1) await f.deadLetter(readable('math.add', { x: n, y: 1 }));
    const body = { filter: { name: 'math.add' }, rate: '1000/s' };
    const [a, b] = await Promise.all([f.redriveMany(body), f.redriveMany(body)]);
    expect(a.submitted + b.submitted).toBe(30);
    expect(await f.gateway.db.query('select count(*)::int from tasks')).toEqual([{ count: 30 }]);
  });

  test.each<[string, unknown, string]>([
    ['no filter', {}, 'body_invalid'],
    ['a filter that names nothing', { filter: {} }, 'body_invalid'],
    ['an invalid rate', { filter: { queue: 'a' }, rate: '5/x' }, 'body_invalid'],
    ['a rate of nothing', { filter: { queue: 'a' }, rate: '0/s' }, 'body_invalid'],
    ['an unknown condition', { filter: { colour: 'red' } }, 'body_invalid'],
    ['a limit of nothing', { filter: { queue: 'a' }, limit: 0 }, 'body_invalid'],
    ['an invalid cursor', { filter: { queue: 'a' }, cursor: 'xyz' }, 'query_invalid'],
  ])('%s is refused', async (_, body, code) => {
    await using f = await GatewayWithDeadLetters.open();
    const answer = await f.gateway.ask('/api/dead-letters/redrive', { body });
    expect([answer.status, answer.problem().code]).toEqual([422, code]);
    expect(await f.gateway.db.query('select * from audit')).toEqual([]);
  });
});

test('a dead letter is deleted', async () => {
  await using f = await GatewayWithDeadLetters.open();
  const id = await f.deadLetter();
  expect((await f.gateway.ask(`/api/dead-letters/${id}`, { method: 'DELETE' })).status).toBe(204);
  for (const gone of [id, 'x'])
    expect((await f.gateway.ask(`/api/dead-letters/${gone}`, { method: 'DELETE' })).problem().code).toBe(
      'letter_unknown',
    );
  expect(await f.gateway.db.query('select action, target from audit')).toEqual([
    { action: 'dead_letter.delete', target: id },
  ]);
});

test('held inputs are redriven many at once with a mapping', async () => {
  await using f = await GatewayWithDeadLetters.open();
  const held = { reason: 'input_invalid', code: 'input_invalid' };
  for (let n = 0; n < 3; n += 1)
    await f.deadLetter({ ...readable('math.add', { a: n }, { stamp: '1:0123456789abcdef' }), ...held });
  const other = await f.deadLetter(readable('math.add', { x: 1, y: 2 }));
  const filter = { reason: 'input_invalid' };
  expect(await f.redriveMany({ filter })).toMatchObject({ submitted: 0, refused: 3 });
  const mapping = [
    { op: 'rename', path: 'a', to: 'x' },
    { op: 'set', path: 'y', value: 10 },
  ];
  expect(await f.redriveMany({ filter, mapping })).toMatchObject({ submitted: 3, refused: 0 });
  const rows = await f.gateway.db.query<{ input: { x: number } }>('select input, input_stamp from tasks order by id');
  expect(rows.map(({ input }) => input).sort((a, b) => a.x - b.x)).toEqual([0, 1, 2].map((x) => ({ x, y: 10 })));
  expect((await f.list('?redriven=false')).items.map(({ id }) => id)).toEqual([other]);
});

test('those that are alike are counted together, without those that have been redriven', async () => {
  await using f = await GatewayWithDeadLetters.open();
  for (let n = 0; n < 3; n += 1) await f.deadLetter();
  const id = await f.deadLetter(readable('math.add', { x: 1, y: 2 }));
  await f.deadLetter(readable('math.add', { x: 3, y: 4 }));
  expect((await f.redrive(id)).status).toBe(202);
  const answer = await f.gateway.ask('/api/dead-letters/groups', { as: 'viewer' });
  const time = expect.any(String);
  const group = { queue: 'default', firstAt: time, lastAt: time };
  expect(answer.json()).toEqual({
    items: [
      { ...group, reason: 'malformed', name: null, code: 'body_not_json', count: 3 },
      { ...group, reason: 'rejected', name: 'math.add', code: null, count: 1 },
    ],
    approximate: false,
  });
});
