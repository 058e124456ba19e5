import type { CountedEnding } from './endings.ts';

/** A task's row at the end. */
export interface EndRow {
  readonly id: string;
  readonly state: string;
  readonly result: unknown;
  readonly error: { readonly type: string; readonly data?: Readonly<Record<string, unknown>> } | null;
  readonly ended: boolean;
  /** It has a message in the outbox. */
  readonly outbox: boolean;
  /** It is claimed. */
  readonly claimed: boolean;
}

export interface CountInput {
  /** What callers were told: the id of each accepted task, and which one it is. */
  readonly accepted: ReadonlyMap<string, number>;
  readonly rows: readonly EndRow[];
  readonly endings: readonly CountedEnding[];
  /** How often the handler was run, by id. */
  readonly runs: ReadonlyMap<string, number>;
  /** Whether task n may end like this. */
  endsWell(n: number, row: EndRow): boolean;
}

export interface ChaosTaskCounts {
  readonly accepted: number;
  /** Accepted, and not terminal, or not even there. */
  readonly lost: readonly string[];
  /** Terminal, and not as it should be. */
  readonly wrong: readonly string[];
  /** Became terminal more than once, or was changed afterwards. */
  readonly recordedTwice: readonly string[];
  /** Run more than once. Not forbidden: counted. */
  readonly runTwice: number;
  /** Ended well without ever being run. */
  readonly neverRun: readonly string[];
  /** Rows that no caller was told of: their submit got no answer. */
  readonly untold: number;
  /** Of those, the ones that never ended. */
  readonly untoldOpen: readonly string[];
}

/** Compares what callers were told with what the database and the handlers wrote down. */
export function countTasks({ accepted, rows, endings, runs, endsWell }: CountInput): ChaosTaskCounts {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const told = [...accepted];
  const untold = rows.filter((row) => !accepted.has(row.id));
  const ended = told.flatMap(([id, n]) => {
    const row = byId.get(id);
    return row?.ended ? [{ row, n }] : [];
  });
  const well = ended.filter(({ row, n }) => endsWell(n, row));
  const times = new Map<string, number>();
  for (const { id, changed } of endings) times.set(id, (times.get(id) ?? 0) + (changed ? 2 : 1));
  return {
    accepted: accepted.size,
    lost: told.filter(([id]) => !byId.get(id)?.ended).map(([id]) => describe(id, byId.get(id))),
    wrong: ended.filter(({ row, n }) => !endsWell(n, row)).map(({ row }) => describe(row.id, row)),
    recordedTwice: [...times].filter(([, count]) => count > 1).map(([id]) => describe(id, byId.get(id))),
    runTwice: [...runs.values()].filter((count) => count > 1).length,
    neverRun: well
      .filter(({ row }) => row.state === 'SUCCESS' && !runs.has(row.id))
      .map(({ row }) => describe(row.id, row)),
    untold: untold.length,
    untoldOpen: untold.filter((row) => !row.ended).map((row) => describe(row.id, row)),
  };
}

/** What is known of it, for the one who looks for the cause. */
function describe(id: string, row: EndRow | undefined): string {
  if (!row) return `${id} (no row)`;
  const { state, ended, outbox, claimed } = row;
  if (ended) return `${id} (${state})`;
  const waits = [claimed && 'claimed', outbox && 'in the outbox'].filter(Boolean).join(', ');
  return `${id} (${state}, ${waits || 'neither claimed nor in the outbox'})`;
}
