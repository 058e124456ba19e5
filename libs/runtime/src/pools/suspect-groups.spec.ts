import fc from 'fast-check';
import { halved, SuspectGroups, type SuspectTerms } from './suspect-groups.ts';

interface Suspect {
  readonly no: number;
  readonly guilty: boolean;
  terms: SuspectTerms;
  /** Deaths of a child while it ran there; alone. */
  deaths: number;
  alone: number;
}

interface Run {
  readonly suspects: Suspect[];
  /** Deaths of children in all. */
  deaths: number;
  most: number;
  rounds: number;
}

/** As the pool and the worker do it: alone it is accused, and dead after three such deaths; among others its group is halved. */
const MAX_CRASHES = 3;

/**
 * Runs suspects to their end. In each step some run: a guilty one kills its child, others end.
 * @param pick chooses among those that run
 * @param strike whether a child dies in this step by no fault of any suspect
 */
function search(
  options: { suspects: number; guilty: ReadonlySet<number>; group: number; children: number; most: number },
  pick: (n: number) => number,
  strike: () => boolean = () => false,
): Run {
  const groups = new SuspectGroups<Suspect>(options.children, options.most);
  const run: Run = { suspects: [], deaths: 0, most: 0, rounds: 0 };
  const running = new Map<Suspect, number>();
  /** Collected, for `expect` millions of times took most of the time. */
  const broken = new Set<string>();
  for (let no = 0; no < options.suspects; no += 1) {
    const one = {
      no,
      guilty: options.guilty.has(no),
      terms: { group: options.group, fresh: false },
      deaths: 0,
      alone: 0,
    };
    run.suspects.push(one);
    groups.add(one, one.terms);
  }
  for (;;) {
    for (const { item, child, fresh } of groups.next()) {
      const others = [...running].filter(([, of]) => of === child);
      if (fresh && others.length > 0) broken.add('a fresh child ran others');
      running.set(item, child);
      if (others.some(([other]) => others.length + 1 > other.terms.group))
        broken.add('a group is larger than its terms');
    }
    run.most = Math.max(run.most, running.size);
    if (running.size === 0) break;
    run.rounds += 1;
    const [one, child] = [...running][pick(running.size)]!;
    if (one.guilty || strike()) {
      const group = [...running].filter(([, of]) => of === child).map(([member]) => member);
      run.deaths += 1;
      for (const member of group) {
        running.delete(member);
        groups.leave(member);
        member.deaths += 1;
        if (group.length === 1) member.alone += 1;
        if (member.alone >= MAX_CRASHES) continue;
        member.terms = group.length === 1 ? { group: 1, fresh: true } : { group: halved(group.length), fresh: false };
        groups.add(member, member.terms);
      }
    } else {
      running.delete(one);
      groups.leave(one);
    }
  }
  expect([...broken]).toEqual([]);
  expect(groups.size).toBe(0);
  return run;
}

test('whatever the guilty: each ends dead after few deaths, and nobody else does', () => {
  fc.assert(
    fc.property(
      fc.record({
        suspects: fc.integer({ min: 1, max: 120 }),
        group: fc.integer({ min: 1, max: 100 }),
        children: fc.integer({ min: 1, max: 4 }),
        most: fc.integer({ min: 1, max: 100 }),
      }),
      fc.uniqueArray(fc.integer({ min: 0, max: 119 }), { maxLength: 12 }),
      fc.infiniteStream(fc.nat(1000)),
      (options, guilty, choices) => {
        const pick = (n: number): number => (choices.next().value as number) % n;
        const run = search({ ...options, guilty: new Set(guilty) }, pick);
        expect(run.most).toBeLessThanOrEqual(Math.max(options.most, 1));
        for (const { guilty: isGuilty, alone, deaths } of run.suspects) {
          expect(alone).toBe(isGuilty ? MAX_CRASHES : 0);
          expect(deaths).toBeLessThanOrEqual(
            Math.ceil(Math.log2(Math.min(options.group, options.most))) + 1 + MAX_CRASHES,
          );
        }
      },
    ),
  );
});

test('children that are killed from outside now and then: the search ends, and an innocent is accused only where it was alone', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 3 }),
      fc.infiniteStream(fc.nat(1000)),
      (suspects, children, choices) => {
        let strikes = 8;
        const next = (): number => choices.next().value as number;
        const run = search(
          { suspects, guilty: new Set([0]), group: 50, children, most: 60 },
          (n) => next() % n,
          () => next() % 5 === 0 && strikes-- > 0,
        );
        for (const { guilty, alone, deaths } of run.suspects)
          if (!guilty) expect(alone).toBeLessThanOrEqual(Math.max(0, deaths));
        expect(run.suspects[0]!.alone).toBe(MAX_CRASHES);
      },
    ),
  );
});

test('one guilty among two hundred costs at most ten deaths, wherever it is', () => {
  for (let guilty = 0; guilty < 200; guilty += 7) {
    let seed = guilty + 1;
    const pick = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
    const run = search({ suspects: 200, guilty: new Set([guilty]), group: 100, children: 2, most: 200 }, pick);
    expect(run.deaths).toBeLessThanOrEqual(10);
    expect(run.suspects.filter(({ alone }) => alone > 0)).toHaveLength(1);
  }
});

test('two hundred innocents run as many at a time as there are places', () => {
  const run = search({ suspects: 200, guilty: new Set(), group: 100, children: 2, most: 100 }, () => 0);
  expect(run).toMatchObject({ deaths: 0, most: 100 });
});

test('who must run alone does not wait for ever behind groups that are filled again', () => {
  const groups = new SuspectGroups<string>(1, 10);
  for (const item of ['a', 'b']) groups.add(item, { group: 10, fresh: false });
  expect(groups.next()).toHaveLength(2);
  groups.add('alone', { group: 1, fresh: true });
  groups.next();
  for (let n = 0; n < 20; n += 1) groups.add(`later ${n}`, { group: 10, fresh: false });
  expect(groups.next()).toEqual([]);
  groups.leave('a');
  expect(groups.next()).toEqual([]);
  groups.leave('b');
  expect(groups.next()).toEqual([{ item: 'alone', child: 0, fresh: true }]);
  groups.leave('alone');
  expect(groups.next()).toHaveLength(10);
});
