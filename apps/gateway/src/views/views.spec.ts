import { newId } from '@lovage/foundation';
import { MAX_VIEWS, type AuditList, type UserRole, type ViewDocument, type ViewList } from '@lovage/http-api';
import { openUserStore } from '@lovage/store-postgres';
import { AccessTokens } from '../auth/access-tokens.ts';
import { systemClock } from '@lovage/ports';
import { SECRET, TestGateway, type Ask } from '../testing/test-gateway.ts';

let gateway: TestGateway;
const caller: Record<string, Ask['as']> = {};
beforeAll(async () => {
  gateway = await TestGateway.start();
  const users = await openUserStore({ url: gateway.db.url });
  const tokens = new AccessTokens(SECRET, systemClock);
  for (const [name, role] of Object.entries({ ada: 'viewer', bo: 'operator', cy: 'admin' } satisfies Record<
    string,
    UserRole
  >)) {
    const user = {
      id: newId(),
      email: `${name}@example.org`,
      name: name === 'ada' ? 'Ada' : null,
      role,
      passwordHash: 'x',
    };
    await users.insert(user);
    caller[name] = { token: await tokens.issue({ id: user.id, role, epoch: 0 }) };
  }
  await users.close();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const view = { name: ' Failed <b>mails</b> ', screen: 'tasks', query: 'q=name:mail.* "a@b.c"', shared: false };
const save = (as: string, body: object = view) => gateway.ask('/api/views', { as: caller[as], body });
const seen = async (as: string, query = '') =>
  (await gateway.ask(`/api/views${query}`, { as: caller[as] })).json<ViewList>().items;
const change = (as: string, id: string, body: object) =>
  gateway.ask(`/api/views/${id}`, { method: 'PATCH', as: caller[as], body });
const remove = (as: string, id: string) => gateway.ask(`/api/views/${id}`, { method: 'DELETE', as: caller[as] });

test('a view is its owner’s; shared, others read it; only its owner and administrators change it', async () => {
  const made = await save('ada');
  expect(made.status).toBe(201);
  const mine = made.json<ViewDocument>();
  expect(mine).toMatchObject({ ...view, name: 'Failed <b>mails</b>', own: true, owner: { name: 'Ada' } });
  expect(await seen('ada')).toEqual([mine]);
  expect(await seen('bo')).toEqual([]);
  expect((await change('bo', mine.id, { name: 'x' })).problem().code).toBe('view_unknown');

  const shared = (await change('ada', mine.id, { shared: true })).json<ViewDocument>();
  expect(shared).toMatchObject({ name: mine.name, query: mine.query, shared: true });
  const own = (await save('bo', { ...view, name: 'Zzz', screen: 'queues' })).json<ViewDocument>();
  expect(await seen('bo')).toEqual([own, { ...shared, own: false }]);
  expect((await seen('bo', '?screen=tasks')).map(({ id }) => id)).toEqual([mine.id]);
  expect(own.owner.name).toBe('bo@example.org');
  for (const answer of [await change('bo', mine.id, { name: 'x' }), await remove('bo', mine.id)])
    expect(answer.problem().code).toBe('forbidden');
  expect((await change('cy', mine.id, { name: 'By cy' })).json()).toMatchObject({ name: 'By cy', own: false });
  expect((await remove('cy', mine.id)).status).toBe(204);
  expect((await remove('ada', mine.id)).problem().code).toBe('view_unknown');
  const audit = (await gateway.ask('/api/audit', { as: 'admin' })).json<AuditList>().items;
  expect(audit.filter(({ target }) => target === mine.id).map(({ action }) => action)).toEqual([
    ...['view.delete', 'view.update', 'view.update', 'view.create'],
  ]);

  // The log can be asked for one action, for all of a kind, and for what one user did.
  const asked = async (query: string) =>
    (await gateway.ask(`/api/audit?limit=200&${query}`, { as: 'admin' })).json<AuditList>().items;
  const of = (fits: (entry: AuditList['items'][number]) => boolean) => audit.filter(fits).map(({ id }) => id);
  const created = of(({ action }) => action === 'view.create');
  expect((await asked('action=view.create')).map(({ id }) => id)).toEqual(created);
  expect((await asked('action=view.*')).map(({ id }) => id)).toEqual(of(({ action }) => action.startsWith('view.')));
  const by = audit[0]!.actor!;
  expect((await asked(`actor=${by}&action=view.*`)).map(({ id }) => id)).toEqual(
    of(({ actor, action }) => actor === by && action.startsWith('view.')),
  );
  expect(created.length).toBeGreaterThan(0);
  for (const query of ['action=view.%25', 'action=**', 'actor=me', "action=x'--"])
    expect((await gateway.ask(`/api/audit?${query}`, { as: 'admin' })).status).toBe(422);
});

test('a user keeps so many, also when they come at once; they go with the user', async () => {
  await gateway.db.query('delete from views');
  const answers = await Promise.all(
    Array.from({ length: MAX_VIEWS + 5 }, (_, n) => save('ada', { ...view, name: `v${n}` })),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(MAX_VIEWS);
  expect(answers.find(({ status }) => status !== 201)!.problem().code).toBe('too_many_views');
  expect((await save('bo')).status).toBe(201);
  await gateway.db.query(`delete from users where email = 'ada@example.org'`);
  expect(await gateway.db.query('select count(*)::int as n from views')).toEqual([{ n: 1 }]);
});

test.each<[object, string]>([
  [{ name: '' }, 'name'],
  [{ name: '\u0007' }, 'name'],
  [{ name: 'x'.repeat(101) }, 'name'],
  [{ screen: '../tasks' }, 'screen'],
  [{ query: 'x'.repeat(4001) }, 'query'],
  [{ query: 'a\nb' }, 'query'],
  [{ owner: 'me' }, 'owner'],
])('%j is refused', async (more, path) => {
  expect((await save('bo', { ...view, ...more })).problem().errors.map((error) => error.path)).toEqual([path]);
});

test('a patch must change something', async () => {
  const { id } = (await save('bo')).json<ViewDocument>();
  expect((await change('bo', id, {})).problem().code).toBe('body_invalid');
  expect((await change('bo', id, { screen: 'tasks' })).problem().code).toBe('body_invalid');
});
