import { deferred } from '@lovage/foundation';
import { TextSearches } from './text-searches.ts';

test('a user’s searches run one at a time, another user’s beside them', async () => {
  const searches = new TextSearches();
  const begun: string[] = [];
  const gates = [deferred<void>(), deferred<void>()];
  const search = (name: string, gate: Promise<void>) => () => {
    begun.push(name);
    return gate.then(() => name);
  };
  const one = searches.run('ada', search('one', gates[0]!.promise));
  const two = searches.run('ada', search('two', gates[1]!.promise));
  expect(await searches.run('bo', search('other', Promise.resolve()))).toBe('other');
  expect(begun).toEqual(['one', 'other']);
  gates[0]!.resolve();
  expect(await one).toBe('one');
  gates[1]!.resolve();
  expect(await two).toBe('two');
  expect(begun).toEqual(['one', 'other', 'two']);
});

test('of one user five are taken, the rest is refused; one that fails stops no other', async () => {
  const searches = new TextSearches();
  const gate = deferred<void>();
  const fail = () => gate.promise.then(() => Promise.reject(new Error('away')));
  const taken = [fail, ...Array.from({ length: 4 }, () => () => Promise.resolve('found'))].map((search) =>
    searches.run<unknown>('ada', search),
  );
  await expect(searches.run('ada', fail)).rejects.toMatchObject({ code: 'busy' });
  gate.resolve();
  const ends = await Promise.allSettled(taken);
  expect(ends.map(({ status }) => status)).toEqual(['rejected', ...Array.from({ length: 4 }, () => 'fulfilled')]);
  expect(await searches.run('ada', () => Promise.resolve('found'))).toBe('found');
});
