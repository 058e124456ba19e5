import { StoreUnavailableError, type UserStanding } from '@lovage/ports';
import { TestClock } from '@lovage/testing';
import { FRESH_MS, Standings } from './standings.ts';

const ADA: UserStanding = { role: 'admin', epoch: 3 };

function fixture() {
  const clock = new TestClock();
  const asked: string[] = [];
  const now = { answer: (): Promise<UserStanding | undefined> => Promise.resolve(ADA) };
  const checks = {
    standingOf: (id: string) => {
      asked.push(id);
      return now.answer();
    },
  };
  return { clock, asked, now, standings: new Standings(checks, clock) };
}

test('requests at once ask once, and those soon after do not ask', async () => {
  const { clock, asked, standings } = fixture();
  expect(standings.known('ada')).toBe('stale');
  expect(await Promise.all([standings.now('ada'), standings.now('ada')])).toEqual([ADA, ADA]);
  expect(standings.known('ada')).toBe(ADA);
  expect(asked).toEqual(['ada']);
  await clock.advance(FRESH_MS);
  expect(standings.known('ada')).toBe('stale');
});

test('an answer is as old as its question', async () => {
  const { clock, now, standings } = fixture();
  let answer!: (standing: UserStanding) => void;
  now.answer = () => new Promise((resolve) => (answer = resolve));
  const told = standings.now('ada');
  await clock.advance(FRESH_MS);
  answer(ADA);
  expect(await told).toBe(ADA);
  expect(standings.known('ada')).toBe('stale');
});

test('a user who is gone is known to be gone', async () => {
  const { now, standings } = fixture();
  now.answer = () => Promise.resolve(undefined);
  expect(await standings.now('bo')).toBeNull();
  expect(standings.known('bo')).toBeNull();
});

test('what was forgotten is asked for again, and an answer on its way does not count', async () => {
  const { asked, now, standings } = fixture();
  let answer!: (standing: UserStanding) => void;
  now.answer = () => new Promise((resolve) => (answer = resolve));
  const early = standings.now('ada');
  standings.forget('ada');
  answer(ADA);
  await early;
  expect(standings.known('ada')).toBe('stale');
  now.answer = () => Promise.resolve({ role: 'viewer', epoch: 4 });
  expect(await standings.now('ada')).toEqual({ role: 'viewer', epoch: 4 });
  expect(asked).toHaveLength(2);
});

test('in an outage the last answer holds, nobody waits, and the next answer counts', async () => {
  const { clock, asked, now, standings } = fixture();
  await standings.now('ada');
  now.answer = () => Promise.reject(new StoreUnavailableError('away'));
  await clock.advance(FRESH_MS);
  expect(standings.known('ada')).toBe('stale');
  expect(await standings.now('ada')).toBe(ADA);
  // From here on without a wait, with one question at a time under way.
  expect(standings.known('ada')).toBe(ADA);
  expect(standings.known('ada')).toBe(ADA);
  expect(asked).toHaveLength(3);
  await Promise.resolve();
  now.answer = () => Promise.resolve(undefined);
  await clock.advance(FRESH_MS);
  standings.known('ada');
  await clock.advance(0);
  expect(standings.known('ada')).toBeNull();
});

test('of a user never seen before an outage nothing is known', async () => {
  const { now, standings } = fixture();
  now.answer = () => Promise.reject(new StoreUnavailableError('away'));
  expect(await standings.now('cy')).toBeUndefined();
  expect(standings.known('cy')).toBeUndefined();
});
