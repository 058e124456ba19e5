import type { UserDocument } from '@lovage/http-api';
import { AdminGateway, type Tokens } from '../testing/admin-gateway.ts';

const site = new AdminGateway();
/** Lets the grace of tokens that were used pass. */
const later = () => site.gateway.db.query(`update refresh_tokens set used_at = used_at - interval '10 s'`);

describe('refresh', () => {
  test('gives new tokens, once each', async () => {
    const login = await site.logIn();
    const answer = await site.refresh(login.refreshToken);
    expect(answer.status).toBe(200);
    const next = answer.json<Tokens>();
    expect(next.refreshToken).not.toBe(login.refreshToken);
    expect((await site.me(next.accessToken)).status).toBe(200);
    expect((await site.refresh(next.refreshToken)).status).toBe(200);
  });

  test('an old token used again ends the whole family, and is written down', async () => {
    const login = await site.logIn();
    const next = (await site.refresh(login.refreshToken)).json<Tokens>();
    await later();
    const stolen = await site.refresh(login.refreshToken);
    expect(stolen.status).toBe(401);
    expect(stolen.problem().code).toBe('refresh_invalid');
    expect((await site.refresh(next.refreshToken)).status).toBe(401);
    const other = await site.logIn();
    expect((await site.refresh(other.refreshToken)).status).toBe(200);
    expect((await site.audit(other.accessToken)).map((entry) => entry.action)).toContain('auth.refresh_reused');
  });

  test('tabs that refresh at once, or a moment later, get the same next token', async () => {
    const login = await site.logIn();
    const answers = await Promise.all(Array.from({ length: 8 }, () => site.refresh(login.refreshToken)));
    answers.push(await site.refresh(login.refreshToken));
    expect(answers.map((answer) => answer.status)).toEqual(Array(9).fill(200));
    const tokens = answers.map((answer) => answer.json<Tokens>());
    expect(new Set(tokens.map(({ refreshToken }) => refreshToken)).size).toBe(1);
    for (const { accessToken } of tokens) expect((await site.me(accessToken)).status).toBe(200);
    expect((await site.refresh(tokens[0]!.refreshToken)).status).toBe(200);
    // The tab that was slower still comes through, by the token that it was given.
    expect((await site.refresh(tokens[1]!.refreshToken)).status).toBe(200);
  });

  test('the grace is over after a logout, and for a token whose next one was drawn elsewhere', async () => {
    const one = await site.logIn();
    const next = (await site.refresh(one.refreshToken)).json<Tokens>();
    await site.gateway.ask('/api/auth/logout', { as: null, body: { refreshToken: next.refreshToken } });
    expect((await site.refresh(one.refreshToken)).status).toBe(401);
    const two = await site.logIn();
    await site.refresh(two.refreshToken);
    await site.gateway.db.query(
      `update refresh_tokens set hash = 'of another version: ' || id where used_at is null and revoked_at is null`,
    );
    expect((await site.refresh(two.refreshToken)).status).toBe(401);
  });

  test('is over after a logout, for an unknown token, and when its time is past', async () => {
    const login = await site.logIn();
    const logout = (refreshToken: string) => site.gateway.ask('/api/auth/logout', { as: null, body: { refreshToken } });
    expect((await logout(login.refreshToken)).status).toBe(204);
    expect((await logout(login.refreshToken)).status).toBe(204);
    expect((await site.refresh(login.refreshToken)).status).toBe(401);
    expect((await site.refresh('lvr_nobodys')).status).toBe(401);
    const late = await site.logIn();
    await site.gateway.db.query('update refresh_tokens set expires_at = now()');
    expect((await site.refresh(late.refreshToken)).status).toBe(401);
  });

  test('a flood of refreshes from one address is refused, and keeps neither others nor API keys waiting', async () => {
    const { accessToken } = await site.logIn();
    const made = await site.gateway.ask('/api/api-keys', {
      as: { token: accessToken },
      body: { name: 'k', role: 'viewer' },
    });
    const { key } = made.json<{ key: string }>();
    const flood = Array.from({ length: 320 }, (_, n) =>
      site.gateway.ask('/api/auth/refresh', {
        ...{ as: null, from: '203.0.113.9' },
        body: { refreshToken: `lvr_${String(n).padStart(43, 'x')}` },
      }),
    );
    let over = false;
    void Promise.allSettled(flood).then(() => (over = true));
    // A machine that does much else may take more than the 2 s of a check of rights: then it is asked again, as a client would.
    const byKey = async (): Promise<number> => {
      const { status } = await site.gateway.ask('/api/contracts', { as: null, headers: { 'x-api-key': key } });
      return status === 503 && !over ? byKey() : status;
    };
    expect(await Promise.all(Array.from({ length: 10 }, byKey))).toEqual(Array.from({ length: 10 }, () => 200));
    const codes = (await Promise.all(flood)).map((answer) => answer.problem().code);
    expect(codes.filter((code) => code === 'refresh_invalid')).toHaveLength(300);
    expect(codes.filter((code) => code === 'too_many_logins')).toHaveLength(20);
    expect((await site.refresh('lvr_nobodys')).status).toBe(401);
  });

  test('the tokens themselves are in no row', async () => {
    const { refreshToken } = await site.logIn();
    const rows = await site.gateway.db.query('select * from refresh_tokens');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(refreshToken.slice(4));
  });
});

test('a logout ends a login that is being refreshed', async () => {
  for (let n = 0; n < 10; n += 1) {
    const { refreshToken } = await site.logIn();
    const [next] = await Promise.all([
      site.refresh(refreshToken),
      site.gateway.ask('/api/auth/logout', { as: null, body: { refreshToken } }),
    ]);
    if (next.status === 200) expect((await site.refresh(next.json<Tokens>().refreshToken)).status).toBe(401);
    await site.passWindows();
  }
});

describe('passwords', () => {
  test('a user changes their own, with the current one; other logins end', async () => {
    const { accessToken } = await site.logIn();
    const user = { email: 'bo@example.org', password: 'password one' };
    const made = await site.gateway.ask('/api/users', {
      as: { token: accessToken },
      body: { ...user, role: 'viewer' },
    });
    expect(made.status).toBe(201);
    const before = await site.logIn(user);
    const change = (current: string) =>
      site.gateway.ask('/api/users/me', {
        method: 'PATCH',
        as: { token: before.accessToken },
        body: { name: 'Bo', password: { current, new: 'password two' } },
      });
    expect((await change('wrong')).problem().code).toBe('credentials_wrong');
    const changed = await change(user.password);
    expect(changed.status).toBe(200);
    expect(changed.json<UserDocument>()).toMatchObject({ name: 'Bo', role: 'viewer' });
    expect((await site.refresh(before.refreshToken)).status).toBe(401);
    expect((await site.gateway.ask('/api/auth/login', { as: null, body: user })).status).toBe(401);
    await site.logIn({ ...user, password: 'password two' });
  });

  test('a thousand wrong ones: ten a minute are tried, all are answered alike but for the limit', async () => {
    const codes = new Map<string, number>();
    for (let n = 0; n < 1000; n += 1) {
      const body = { email: 'ada@example.org', password: `wrong ${n}` };
      const answer = await site.gateway.ask('/api/auth/login', { as: null, body });
      const { code } = answer.problem();
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(Object.fromEntries(codes)).toEqual({ credentials_wrong: 10, too_many_logins: 990 });
    expect((await site.gateway.ask('/api/auth/login', { as: null, body: site.admin })).status).toBe(429);
    await site.passWindows();
    await site.logIn();
  });
});

test('a login is in the audit log, with the address', async () => {
  const { accessToken: token } = await site.logIn();
  const { id } = (await site.me(token)).json<UserDocument>();
  const [entry] = await site.audit(token);
  expect(entry).toMatchObject({ action: 'auth.login', target: id, actor: id, address: '127.0.0.1' });
});

describe('users', () => {
  test('an administrator makes, reads, changes and removes them', async () => {
    const { accessToken: token } = await site.logIn();
    const as = { token };
    const body = { email: 'Cy@Example.org', password: 'password one', role: 'operator', name: 'Cy' };
    const made = (await site.gateway.ask('/api/users', { as, body })).json<UserDocument>();
    expect(made).toMatchObject({ email: 'cy@example.org', role: 'operator', name: 'Cy' });
    expect(JSON.stringify(made)).not.toContain('password');
    const again = await site.gateway.ask('/api/users', { as, body });
    expect(again.problem().code).toBe('email_taken');
    expect((await site.gateway.ask(`/api/users/${made.id}`, { as })).json()).toEqual(made);
    const { refreshToken } = await site.logIn({ email: body.email, password: body.password });
    const path = `/api/users/${made.id}`;
    const changed = await site.gateway.ask(path, { method: 'PATCH', as, body: { role: 'viewer' } });
    expect(changed.json<UserDocument>()).toMatchObject({ role: 'viewer' });
    expect((await site.refresh(refreshToken)).status).toBe(401);
    expect((await site.gateway.ask(path, { method: 'DELETE', as })).status).toBe(204);
    expect((await site.gateway.ask(path, { method: 'DELETE', as })).problem().code).toBe('user_unknown');
    expect((await site.gateway.ask(path, { as })).problem().code).toBe('user_unknown');
    expect((await site.gateway.ask('/api/users/none', { as })).status).toBe(404);
    const entries = (await site.audit(token)).filter((entry) => entry.target === made.id);
    expect(entries.map((entry) => entry.action)).toEqual(['user.remove', 'user.update', 'auth.login', 'user.create']);
  });

  test('the last administrator stays one', async () => {
    const { accessToken: token } = await site.logIn();
    const { id } = (await site.me(token)).json<UserDocument>();
    const demote = await site.gateway.ask(`/api/users/${id}`, {
      method: 'PATCH',
      as: { token },
      body: { role: 'viewer' },
    });
    expect(demote.problem().code).toBe('last_admin');
    const remove = await site.gateway.ask(`/api/users/${id}`, { method: 'DELETE', as: { token } });
    expect(remove.problem().code).toBe('last_admin');
  });

  test('two administrators who remove each other: one stays', async () => {
    const { accessToken: token } = await site.logIn();
    const { id: first } = (await site.me(token)).json<UserDocument>();
    const body = { email: 'dee@example.org', password: 'password one', role: 'admin' };
    const { id: second } = (await site.gateway.ask('/api/users', { as: { token }, body })).json<UserDocument>();
    const other = await site.logIn({ email: body.email, password: body.password });
    const answers = await Promise.all([
      site.gateway.ask(`/api/users/${second}`, { method: 'DELETE', as: { token } }),
      site.gateway.ask(`/api/users/${first}`, { method: 'DELETE', as: { token: other.accessToken } }),
    ]);
    // A user who is removed before the request is looked at is nobody any more.
    expect([
      [204, 409],
      [204, 401],
    ]).toContainEqual(answers.map((answer) => answer.status).sort());
    const [left] = await site.gateway.db.query<{ n: number }>(
      "select count(*)::int as n from users where role = 'admin'",
    );
    expect(left).toEqual({ n: 1 });
    // For the tests that come: the one who is left is the administrator of this file.
    await site.gateway.db.query("delete from users where email in ('ada@example.org', 'dee@example.org')");
    await site.gateway.db.query('delete from users');
    await site.ensureAdmin();
  });

  test.each([
    [{ email: 'no', password: 'long enough' }, 'email'],
    [{ email: 'a@example.org', password: 'short' }, 'password'],
    [{ email: 'a@example.org', password: 'long enough', role: 'root' }, 'role'],
    [{ email: 'a@example.org', password: 'long enough', admin: true }, 'admin'],
  ])('%j is refused', async (body, path) => {
    const answer = await site.gateway.ask('/api/users', { as: 'admin', body });
    expect(answer.status).toBe(422);
    expect(answer.problem().errors.map((error) => error.path)).toEqual([path]);
  });
});
