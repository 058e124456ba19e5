import { newId } from '@lovage/foundation';
import { TestClock } from '@lovage/testing';
import { SignJWT, UnsecuredJWT } from 'jose';
import { ACCESS_TOKEN_SECONDS, AccessTokens } from './access-tokens.ts';

const SECRET = 'a secret of thirty-two bytes or so';
const key = new TextEncoder().encode(SECRET);
const user = { id: newId(), role: 'operator' as const, epoch: 0 };

let clock: TestClock;
let tokens: AccessTokens;
beforeEach(() => {
  clock = new TestClock();
  tokens = new AccessTokens(SECRET, clock);
});

/** A token of our making, with something about it changed. */
function forge(change: {
  claims?: object;
  typ?: string;
  issuer?: string;
  key?: Uint8Array;
  alg?: string;
  exp?: number | null;
}) {
  const now = Math.floor(clock.now() / 1000);
  const token = new SignJWT({ sub: user.id, role: user.role, ...change.claims })
    .setProtectedHeader({ alg: change.alg ?? 'HS256', typ: change.typ ?? 'at+jwt' })
    .setIssuer(change.issuer ?? 'lovage');
  if (change.exp !== null) token.setExpirationTime(change.exp ?? now + 60);
  return token.sign(change.key ?? key);
}

test('a token says who it was issued to', async () => {
  const token = await tokens.issue(user);
  expect(tokens.known(token)).toBeUndefined();
  expect(await tokens.verify(token)).toEqual(user);
  expect(tokens.known(token)).toEqual(user);
  expect(await new AccessTokens(SECRET, clock).verify(token)).toEqual(user);
});

test('it holds for fifteen minutes, known or not', async () => {
  const token = await tokens.issue(user);
  await tokens.verify(token);
  await clock.advance(ACCESS_TOKEN_SECONDS * 1000 - 1);
  expect(tokens.known(token)).toEqual(user);
  await clock.advance(1);
  expect(tokens.known(token)).toBeUndefined();
  await expect(tokens.verify(token)).rejects.toThrow();
});

test('the forge of these tests makes tokens that hold', async () => {
  expect(await tokens.verify(await forge({}))).toEqual(user);
});

test.each<[string, Parameters<typeof forge>[0]]>([
  ['another key', { key: new TextEncoder().encode('another secret of some thirty-two bytes') }],
  ['another algorithm', { alg: 'HS512', key: new TextEncoder().encode(SECRET.repeat(2)) }],
  ['another issuer', { issuer: 'somebody' }],
  ['another use', { typ: 'rt+jwt' }],
  ['no end', { exp: null }],
  ['an end gone by', { exp: 1 }],
  ['no user', { claims: { sub: undefined } }],
  ['a user that is no UUID', { claims: { sub: 'admin' } }],
  ['no role', { claims: { role: undefined } }],
  ['an epoch that is no number', { claims: { epoch: '0' } }],
  ['a role that does not exist', { claims: { role: 'root' } }],
])('a token with %s is refused', async (_, change) => {
  await expect(tokens.verify(await forge(change))).rejects.toThrow();
});

test('an unsigned token is refused', async () => {
  const token = new UnsecuredJWT({ sub: user.id, role: 'admin' }).setIssuer('lovage').setExpirationTime('1h').encode();
  await expect(tokens.verify(token)).rejects.toThrow();
});

test('no change to a token goes unnoticed', async () => {
  const token = await tokens.issue(user);
  await tokens.verify(token);
  for (let i = 0; i < token.length; i += 7) {
    if (token[i] === '.') continue;
    const other = token.slice(0, i) + (token[i] === 'A' ? 'B' : 'A') + token.slice(i + 1);
    expect(tokens.known(other)).toBeUndefined();
    await expect(tokens.verify(other)).rejects.toThrow();
  }
});

test('the oldest of too many is forgotten', async () => {
  tokens = new AccessTokens(SECRET, clock, 2);
  const issued = await Promise.all([1, 2, 3].map(() => tokens.issue({ id: newId(), role: 'viewer', epoch: 0 })));
  for (const token of issued) await tokens.verify(token);
  expect(issued.map((token) => tokens.known(token) !== undefined)).toEqual([false, true, true]);
});
