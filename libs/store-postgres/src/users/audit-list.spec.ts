import { newId } from '@lovage/foundation';
import { testDatabase, type TestDatabase } from '@lovage/testing';
import { auditQuery } from './audit-list.ts';
import { openUserStore } from './open-user-store.ts';
import type { OpenUserStore } from './user-store-options.ts';

let db: TestDatabase;
let users: OpenUserStore;
const [busy, quiet] = [newId(), newId()];
beforeAll(async () => {
  db = await testDatabase();
  users = await openUserStore({ url: db.url });
  // A long log of one user's logins, before it a few other entries.
  await db.query(
    `insert into audit (id, user_id, action, target, detail)
     select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid,
       case when n <= 6 then $2::uuid else $1::uuid end,
       case when n <= 2 then 'key.create' when n = 3 then 'key.revoke' when n <= 6 then 'user.update' else 'auth.login' end,
       n::text, case when n = 1 then '{"a":1}'::json end
     from generate_series(1, 60000) n`,
    [busy, quiet],
  );
  await db.query('analyze audit');
});
afterAll(async () => {
  await users.close();
  await db.drop();
});

const found = async (search: object): Promise<string[]> =>
  (await users.access.listAudit({ limit: 3, ...search })).map(({ target }) => target!);
const idOf = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

test.each<[object, string[]]>([
  [{}, ['60000', '59999', '59998']],
  [{ before: idOf(8) }, ['7', '6', '5']],
  [{ action: 'key.create' }, ['2', '1']],
  [{ action: 'key.*' }, ['3', '2', '1']],
  [{ action: 'ke*' }, ['3', '2', '1']],
  [{ action: 'key.*', before: idOf(3) }, ['2', '1']],
  [{ action: 'k_y.*' }, []],
  [{ action: 'nothing' }, []],
  [{ action: '*' }, ['60000', '59999', '59998']],
  [{ actor: quiet }, ['6', '5', '4']],
  [{ actor: quiet, before: idOf(5) }, ['4', '3', '2']],
  [{ actor: quiet, action: 'key.*' }, ['3', '2', '1']],
  [{ actor: busy, action: 'key.*' }, []],
  [{ actor: newId() }, []],
])('%j', async (search, expected) => {
  expect(await found(search)).toEqual(expected);
});

test('of a time: from the one on and before the other, with what else is asked', async () => {
  const day = 24 * 3600 * 1000;
  const T0 = Date.UTC(2026, 0, 1);
  const made: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    const id = newId();
    const hex = (T0 + n * day).toString(16).padStart(12, '0');
    made.push(`${hex.slice(0, 8)}-${hex.slice(8)}${id.slice(13)}`);
    await db.query('insert into audit (id, user_id, action, target, at) values ($1, $2, $3, $4, $5)', [
      ...[made[n], quiet, n % 2 ? 'file.delete' : 'view.save', `day ${n}`, new Date(T0 + n * day)],
    ]);
  }
  expect(await found({ from: T0 + day, to: T0 + 3 * day })).toEqual(['day 2', 'day 1']);
  expect(await found({ action: 'view.*', from: T0 + 1, to: T0 + 4 * day + 1 })).toEqual(['day 4', 'day 2']);
  expect(await found({ actor: quiet, to: T0 + 1 })).toEqual(['day 0']);
  expect(await found({ from: T0 + 100 * day, action: 'view.*' })).toEqual([]);
  await db.query('delete from audit where id = any($1)', [made]);
});

test('an entry comes whole', async () => {
  const [entry] = await users.access.listAudit({ limit: 1, actor: quiet, before: idOf(2) });
  expect(entry).toEqual({
    ...{ id: idOf(1), at: expect.any(Number), userId: quiet, keyId: null, action: 'key.create', target: '1' },
    ...{ detail: { a: 1 }, address: null },
  });
});

test.each([
  { action: 'key.*' },
  { action: 'key.revoke' },
  { actor: quiet },
  { actor: quiet, action: 'user.*' },
  { actor: newId(), before: idOf(50_000) },
  { before: idOf(50_000) },
  { actor: quiet, from: Date.UTC(2026, 0, 1) },
])('%j walks the log by none of its parts', async (search) => {
  const { text, values } = auditQuery({ limit: 50, ...search });
  const plan = await db.query<{ 'QUERY PLAN': string }>(`explain (analyze) ${text}`, values as unknown[]);
  const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
  expect(lines).not.toMatch(/Seq Scan on audit/);
  for (const [, rows] of lines.matchAll(/Scan .*actual time=\S+ rows=([\d.]+)/g))
    expect(Number(rows)).toBeLessThanOrEqual(50);
  for (const [, rows] of lines.matchAll(/Rows Removed by Filter: (\d+)/g)) expect(Number(rows)).toBeLessThanOrEqual(50);
});
