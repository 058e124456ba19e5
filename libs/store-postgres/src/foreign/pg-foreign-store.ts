import { plainArray, textArray } from '@lovage/foundation';
import type { ForeignRecorded, ForeignReport, ForeignStore } from '@lovage/ports';
import { TERMINAL_STATES } from '@lovage/task';
import type { Database } from '../database.ts';
import { FOREIGN_REPORT } from '../sql/foreign.ts';

const TERMINAL = textArray(TERMINAL_STATES);

type RawRecorded = Omit<ForeignRecorded, 'taskId'> & { id: string };

/** Reports of foreign tasks on Postgres. */
export class PgForeignStore implements ForeignStore {
  constructor(private readonly database: Database) {}

  async report(reports: readonly ForeignReport[]): Promise<ForeignRecorded[]> {
    const recorded: ForeignRecorded[] = [];
    for (const round of onePerTask(reports)) {
      const rows = await this.database.run<RawRecorded>(FOREIGN_REPORT, [
        plainArray(round.map(({ taskId }) => taskId)),
        textArray(round.map(({ state }) => state)),
        textArray(round.map(({ value }) => value)),
        textArray(round.map(({ error }) => error && JSON.stringify(error))),
        textArray(round.map(({ worker }) => worker)),
        TERMINAL,
        plainArray(round.map(({ repeats }) => repeats === true)),
      ]);
      recorded.push(...rows.map(({ id, ...rest }) => ({ taskId: id, ...rest })));
    }
    return recorded;
  }
}

/** Parts in which no task stands twice, in order: a statement updates each row once. Mostly one or two. */
function onePerTask(reports: readonly ForeignReport[]): ForeignReport[][] {
  const rounds: ForeignReport[][] = [];
  const seen = new Map<string, number>();
  for (const report of reports) {
    const round = seen.get(report.taskId) ?? 0;
    seen.set(report.taskId, round + 1);
    (rounds[round] ??= []).push(report);
  }
  return rounds;
}
