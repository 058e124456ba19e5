import { Passwords } from './passwords.ts';

test('a password matches its hash and no other', async () => {
  const passwords = new Passwords();
  const hash = await passwords.hash('correct horse');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$/);
  expect(await passwords.matches(hash, 'correct horse')).toBe(true);
  expect(await passwords.matches(hash, 'correct horse ')).toBe(false);
  expect(await passwords.hash('correct horse')).not.toBe(hash);
});

test('without a hash nothing matches, and the work is the same', async () => {
  const passwords = new Passwords();
  const hash = await passwords.hash('a');
  await passwords.matches(undefined, 'warm up');
  const cpuMs = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.cpuUsage();
    for (let n = 0; n < 5; n += 1) expect(await work()).toBe(false);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  const known = await cpuMs(() => passwords.matches(hash, 'b'));
  const unknown = await cpuMs(() => passwords.matches(undefined, 'b'));
  expect(unknown).toBeGreaterThan(known / 3);
  expect(unknown).toBeLessThan(known * 3);
});

test('a few at a time; beyond fifty that wait they are refused', async () => {
  const passwords = new Passwords();
  const results = await Promise.allSettled(Array.from({ length: 60 }, () => passwords.hash('a')));
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused).toHaveLength(8);
  expect(refused[0]!.reason).toMatchObject({ code: 'busy' });
  expect(await passwords.hash('a')).toMatch(/^\$argon2id/);
});

test('a sender of many waits behind senders of few, and makes room for them', async () => {
  const passwords = new Passwords();
  const ends: string[] = [];
  const hash = (from: string) =>
    passwords.hash('a', from).then(
      () => ends.push(from),
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'busy' });
        ends.push(`${from} refused`);
      },
    );
  const flood = Array.from({ length: 60 }, () => hash('flood'));
  const others = ['ada', 'bo', 'cy'].map(hash);
  await Promise.all(others);
  // Two were at work, and each hash of another one may let one of the flood pass.
  expect(ends.filter((end) => end === 'flood').length).toBeLessThanOrEqual(8);
  await Promise.all(flood);
  expect(ends.filter((end) => end === 'flood')).toHaveLength(49);
  expect(ends.filter((end) => end === 'flood refused')).toHaveLength(11);
  expect(ends).toEqual(expect.arrayContaining(['ada', 'bo', 'cy']));
});
