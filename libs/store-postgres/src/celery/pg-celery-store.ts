import { plainArray } from '@lovage/foundation';
import type {
  CanvasEnd,
  CanvasOwner,
  CeleryStore,
  EndedRow,
  EndedTasks,
  EndPosition,
  OpenForeign,
  StoredMessage,
  RowEnd,
} from '@lovage/ports';
import type { TaskErrorDocument, TerminalState } from '@lovage/task';
import type { Database } from '../database.ts';
import { EndHorizon } from '../history/end-horizon.ts';
import { CELERY_CANVAS, CELERY_CURSOR, CELERY_ENDS, CELERY_PASSED, celeryEnded, celeryOpen } from '../sql/celery.ts';

type Raw<T> = T & Record<string, unknown>;

interface RawCanvas {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly root: string | null;
  readonly message: StoredMessage | null;
  readonly state: TerminalState;
  readonly result: string | null;
  readonly error: TaskErrorDocument | null;
}

/** The rows behind Celery's result backend, on Postgres. */
export class PgCeleryStore implements CeleryStore {
  private readonly horizon: EndHorizon;

  constructor(private readonly database: Pick<Database, 'run'>) {
    this.horizon = new EndHorizon(database);
  }

  async ended(limit: number, maxAgeMs: number): Promise<EndedTasks | undefined> {
    const horizon = await this.horizon.advance();
    const [from] = await this.database.run<Raw<EndPosition>>(CELERY_CURSOR, []);
    if (horizon === undefined || !from) return undefined;
    const [batch] = await this.database.run<Raw<EndPosition & { seen: number; tasks: EndedRow[] }>>(
      celeryEnded(limit),
      [...[from.finishedAt, from.taskId], ...[horizon, maxAgeMs]],
    );
    const { seen, tasks, finishedAt, taskId } = batch!;
    return seen === 0 ? undefined : { from, to: { finishedAt, taskId }, tasks, more: seen === limit };
  }

  ends(ids: readonly string[]): Promise<RowEnd[]> {
    return this.database.run<Raw<RowEnd>>(CELERY_ENDS, [plainArray(ids)]);
  }

  async canvasEnds(ids: readonly string[]): Promise<{ owner: CanvasOwner; end: CanvasEnd }[]> {
    if (ids.length === 0) return [];
    const rows = await this.database.run<Raw<RawCanvas>>(CELERY_CANVAS, [plainArray(ids)]);
    return rows.map(({ id, name, queue, root: rootId, message, state, result, error }) => {
      const { embed = {}, group = null, groupIndex = null, headers } = message ?? {};
      return {
        owner: { ...{ id, name, queue, rootId, group, groupIndex, embed, headers }, kwargs: {} },
        end: { state, result, error },
      };
    });
  }

  async passed({ from, to }: Pick<EndedTasks, 'from' | 'to'>): Promise<void> {
    await this.database.run(CELERY_PASSED, [from.finishedAt, from.taskId, to.finishedAt, to.taskId]);
  }

  openForeign(limit: number): Promise<OpenForeign[]> {
    return this.database.run<Raw<OpenForeign>>(celeryOpen(limit), []);
  }
}
