import fc from 'fast-check';
import type { CatchUp, Schedule } from '@lovage/task';
import { modelRuns, RecordingLog, TestClock } from '@lovage/testing';
import { momentsBetween } from '../plan/moments.ts';
import { MemoryScheduleStore, type Fate } from '../testing/memory-schedule-store.ts';
import { contracts, prepare, schedule } from '../testing/schedules.ts';
import { ScheduleRunner } from './schedule-runner.ts';

const START = Date.UTC(2026, 2, 29, 0, 59, 30);
/** Longest wait between two looks with its answers, and longest between two tries after failures. */
const LOOK_MS = 3500;
const RETRY_MS = 5000;

const schedules: Schedule[] = (['skip', 'latest', { all: 1000 }] as CatchUp[]).flatMap((catchUp, i) => [
  schedule(`seconds-${i}`, { catchUp }),
  schedule(`seven-${i}`, { every: '7s', catchUp }),
  schedule(`cron-${i}`, { cron: '*/20 30 2 * * *', timeZone: 'Europe/Stockholm', catchUp }),
  schedule(`minutes-${i}`, { cron: '* * * * *', catchUp }),
]);

interface Beat {
  readonly clock: TestClock;
  readonly runner: ScheduleRunner;
  /** Killed: what it asks for from now on is never answered and changes nothing. */
  dead: boolean;
}

type Op =
  | { readonly op: 'wait'; readonly ms: number }
  | { readonly op: 'start'; readonly clockOff: number }
  | { readonly op: 'kill' | 'stop'; readonly which: number }
  | { readonly op: 'pause' | 'resume'; readonly which: number }
  | { readonly op: 'outage'; readonly ms: number }
  | { readonly op: 'fate'; readonly fates: readonly Fate[] };

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 8000 }) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 90_000 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('start' as const),
      clockOff: fc.integer({ min: -120_000, max: 120_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('kill' as const, 'stop' as const), which: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom('pause' as const, 'resume' as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('outage' as const), ms: fc.integer({ min: 1, max: 40_000 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('fate' as const),
      fates: fc.array(fc.constantFrom<Fate>('well', 'refused', 'answer-lost'), { maxLength: 6 }),
    }),
  },
);

/** True time, some beats, one store; and a record of when somebody could fire, and of the pauses. */
class ScheduleWorld {
  elapsed = 0;
  readonly store = new MemoryScheduleStore(() => START + this.elapsed);
  readonly beats: Beat[] = [];
  readonly pauses = new Map<string, { from: number; to: number }[]>();
  /** Times at which no beat lived, or the store was away, or failed a call. */
  readonly troubled: { from: number; to: number }[] = [];
  private fates: Fate[] = [];
  readonly log = new RecordingLog();

  async advance(ms: number): Promise<void> {
    // In short steps, or one beat would be through with the whole time before another begins.
    for (let left = ms; left > 0; left -= 250) {
      const step = Math.min(left, 250);
      if (this.store.down || !this.beats.some((beat) => !beat.dead)) this.trouble(step);
      this.elapsed += step;
      await Promise.all(this.beats.map(({ clock }) => clock.advance(step)));
    }
  }

  async start(clockOff: number): Promise<void> {
    const clock = new TestClock(START + this.elapsed + clockOff);
    const beat: Beat = { clock, dead: false } as Beat;
    const reached = this.store.seenBy(() => (beat.dead ? 'refused' : (this.fates.shift() ?? 'well')));
    const store: typeof reached = {
      ...reached,
      // Fates are of looks; a start that fails is one that did not happen.
      mirror: (code) => this.store.seenBy(() => 'well').mirror(code),
    };
    const runner = new ScheduleRunner({ store, schedules, contracts, prepare, log: this.log, clock });
    Object.assign(beat, { runner });
    if (
      await runner.start().then(
        () => true,
        () => false,
      )
    )
      this.beats.push(beat);
  }

  async end(which: number, how: 'kill' | 'stop'): Promise<void> {
    const living = this.beats.filter((beat) => !beat.dead);
    const beat = living[which % Math.max(1, living.length)];
    if (!beat) return;
    if (how === 'kill') beat.dead = true;
    await beat.runner.stop();
    beat.dead = true;
  }

  async setPaused(which: number, paused: boolean): Promise<void> {
    const { name } = schedules[which % schedules.length]!;
    const row = this.store.rows.get(name);
    if (!row || (row.pausedAt !== null) === paused || this.store.down) return;
    const store = this.store.seenBy(() => 'well');
    await (paused ? store.pause(name, null) : store.resume(name));
    const of = this.pauses.get(name) ?? [];
    if (paused) of.push({ from: this.elapsed, to: Infinity });
    else of[of.length - 1] = { ...of.at(-1)!, to: this.elapsed };
    this.pauses.set(name, of);
  }

  setFates(fates: readonly Fate[]): void {
    this.fates = [...fates];
    // Each may cost a look, and the longest wait after it.
    if (fates.some((fate) => fate !== 'well')) this.troubled.push({ from: this.elapsed, to: Infinity });
  }

  settledFates(): void {
    if (this.fates.length > 0) return;
    for (const [i, span] of this.troubled.entries())
      if (span.to === Infinity) this.troubled[i] = { ...span, to: this.elapsed + RETRY_MS };
  }

  private trouble(ms: number): void {
    this.troubled.push({ from: this.elapsed, to: this.elapsed + ms + RETRY_MS });
  }
}

const overlaps = (spans: readonly { from: number; to: number }[], from: number, to: number) =>
  spans.some((span) => span.from <= to && span.to >= from);

async function run(ops: readonly Op[]): Promise<ScheduleWorld> {
  const world = new ScheduleWorld();
  await world.start(0);
  for (const step of ops) {
    if (step.op === 'wait') await world.advance(step.ms);
    else if (step.op === 'start') await world.start(step.clockOff);
    else if (step.op === 'kill' || step.op === 'stop') await world.end(step.which, step.op);
    else if (step.op === 'fate') world.setFates(step.fates);
    else if (step.op === 'outage') {
      world.store.down = true;
      await world.advance(step.ms);
      world.store.down = false;
    } else await world.setPaused(step.which, step.op === 'pause');
    world.settledFates();
  }
  // All well in the end: those that have still to catch up do so.
  world.setFates([]);
  if (!world.beats.some((beat) => !beat.dead)) await world.start(0);
  await world.advance(RETRY_MS + 3 * LOOK_MS);
  world.settledFates();
  for (const beat of world.beats) await beat.runner.stop();
  return world;
}

test('if any beat dies, stalls or has its clock wrong: no moment fires twice or early, and none is lost that the policy keeps', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 25 }), async (ops) => {
      const world = await run(ops);
      for (const { name, timing, catchUp } of schedules) {
        const firings = world.store.fired.filter((firing) => firing.schedule === name);
        const fired = new Set(firings.map(({ dueAt }) => dueAt));
        const moments = momentsBetween(timing, START, START + world.elapsed - LOOK_MS);
        const known = new Set(momentsBetween(timing, START, START + world.elapsed + 1));
        // Each once, in order, never early, and only moments that there are.
        expect(firings.map(({ dueAt }) => dueAt)).toEqual([...fired].sort((a, b) => a - b));
        for (const { dueAt, firedAt } of firings) {
          expect(known.has(dueAt)).toBe(true);
          expect(firedAt).toBeGreaterThanOrEqual(dueAt);
        }
        expect(new Set(firings.map(({ taskId }) => taskId)).size).toBe(firings.length);
        const pauses = world.pauses.get(name) ?? [];
        for (const moment of moments) {
          const at = moment - START;
          // During a pause: never.
          if (pauses.some(({ from, to }) => at > from && at < to)) expect(fired.has(moment)).toBe(false);
          // While all was well: always, whatever the policy.
          if (!overlaps(pauses, at - LOOK_MS, at + LOOK_MS) && !overlaps(world.troubled, at - LOOK_MS, at + LOOK_MS))
            expect(fired.has(moment)).toBe(true);
        }
        if (pauses.length > 0) continue;
        if (typeof catchUp === 'object') expect([...fired]).toEqual(expect.arrayContaining(moments));
        if (catchUp === 'latest' && moments.length > 0)
          expect(Math.max(...fired)).toBeGreaterThanOrEqual(moments.at(-1)!);
      }
    }),
    modelRuns('schedules', 60),
  );
}, 120_000);
