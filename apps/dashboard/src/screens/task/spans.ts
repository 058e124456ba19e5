import type { AttemptDocument, TaskDocument } from '@lovage/http-api';
import { isTerminal } from '@lovage/task';

/** A stretch of a task's life, ms since 1970. */
export interface Stretch {
  /** `delayed`: not before its eta. `waited`: could run, or waits for its next attempt. `ran`. */
  readonly kind: 'delayed' | 'waited' | 'ran';
  readonly from: number;
  /** Undefined: it goes on. */
  readonly to: number | undefined;
}

/** An attempt with what came before it; of a task that waits the last one has not begun. */
export interface Track {
  /** From 1 on; undefined: it has not begun. */
  readonly no: number | undefined;
  readonly stretches: readonly Stretch[];
  readonly outcome: AttemptDocument['outcome'] | undefined;
  readonly worker: string | null;
  readonly error: AttemptDocument['error'];
}

export interface TimelineOf {
  readonly from: number;
  /** The end, or the latest moment that is known, an eta to come included. */
  readonly to: number;
  readonly goesOn: boolean;
  readonly tracks: readonly Track[];
  /** Attempts before those that are drawn. */
  readonly left: number;
}

/** Tracks that fit a screen; of more attempts the latest are drawn. */
const MOST_TRACKS = 30;

type Life = Pick<TaskDocument, 'createdAt' | 'eta' | 'startedAt' | 'finishedAt' | 'state' | 'worker' | 'error'>;

const ms = (iso: string): number => Date.parse(iso);

/** What happened to a task, to be drawn to scale. `now`: for what goes on. */
export function timelineOf(task: Life, attempts: readonly AttemptDocument[], now: number): TimelineOf {
  const created = ms(task.createdAt);
  const ended = task.finishedAt === null ? undefined : ms(task.finishedAt);
  const eta = task.eta === null ? undefined : ms(task.eta);
  const all: Track[] = [];
  let free = created;
  for (const [index, attempt] of attempts.entries()) {
    const { outcome, worker, error } = attempt;
    const began = Math.max(free, attempt.startedAt === null ? free : ms(attempt.startedAt));
    const over = attempt.endedAt === null ? undefined : Math.max(began, ms(attempt.endedAt));
    // The eta of the row is that of the latest wait.
    const isOfThis = index === attempts.length - 1 && eta !== undefined && eta <= began;
    const waits = waitOf(free, began, isOfThis ? eta : undefined);
    all.push({ no: index + 1, outcome, worker, error, stretches: [...waits, { kind: 'ran', from: began, to: over }] });
    free = over ?? now;
  }
  const runs = attempts.at(-1)?.endedAt === null && attempts.length > 0;
  if (!isTerminal(task.state) && !runs)
    all.push({ ...NOT_BEGUN, stretches: waitOf(free, Math.max(now, eta ?? 0), eta, true) });
  else if (ended !== undefined && ended > free && !runs)
    all.push({ ...NOT_BEGUN, outcome: task.state, error: task.error, stretches: waitOf(free, ended, eta) });
  const latest = Math.max(now, eta ?? 0);
  return {
    from: created,
    to: Math.max(created + 1, ended ?? latest, free),
    goesOn: ended === undefined,
    tracks: all.slice(-MOST_TRACKS),
    left: Math.max(0, all.length - MOST_TRACKS),
  };
}

const NOT_BEGUN = { no: undefined, outcome: undefined, worker: null, error: null };

/** From one moment to another: up to an eta it is delayed, behind it it waits. */
function waitOf(from: number, to: number, eta: number | undefined, goesOn = false): Stretch[] {
  const end = goesOn ? undefined : to;
  if (eta === undefined || eta <= from || eta - from < 1) return to > from ? [{ kind: 'waited', from, to: end }] : [];
  if (eta >= to) return to > from ? [{ kind: 'delayed', from, to }] : [];
  return [
    { kind: 'delayed', from, to: eta },
    { kind: 'waited', from: eta, to: end },
  ];
}

/** How long a task was delayed, waited and ran in all, ms. */
export function totals({ tracks }: TimelineOf, now: number): Readonly<Record<Stretch['kind'], number>> {
  const sums = { delayed: 0, waited: 0, ran: 0 };
  for (const { stretches } of tracks)
    for (const { kind, from, to } of stretches)
      sums[kind] += Math.max(0, Math.min(to ?? now, kind === 'delayed' ? now : Infinity) - from);
  return sums;
}

/** Places of an axis: 4 to 6 round lengths of time from its beginning on, ms. */
export function ticksOf(length: number): number[] {
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500].concat(
    [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400].map(
      (s) => s * 1_000,
    ),
  );
  const day = 86_400_000;
  const step = steps.find((one) => length / one <= 6) ?? Math.ceil(length / 6 / day) * day;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
}
