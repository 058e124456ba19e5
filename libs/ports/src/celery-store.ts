import type { TaskErrorDocument, TaskState } from '@lovage/task';
import type { CanvasEnd, CanvasOwner } from './task-canvas.ts';

/** A place among the ends of tasks: by the time of the end, then by the id. */
export interface EndPosition {
  readonly finishedAt: string;
  readonly taskId: string;
}

/** An ended task whose result belongs into Celery's result backend. */
export interface EndedRow {
  /** Of its row. */
  readonly id: string;
  /** On the wire. */
  readonly wireId: string;
  /** Its result is to be there. */
  readonly result: boolean;
  /** Something may have to follow its end: a chord waits for it, or it has failed and has a canvas. */
  readonly canvas: boolean;
}

/** Tasks that ended one after another. */
export interface EndedTasks {
  readonly from: EndPosition;
  readonly to: EndPosition;
  readonly tasks: readonly EndedRow[];
  /** There are more. */
  readonly more: boolean;
}

/** What the result backend keeps of an ended task. */
export interface RowEnd extends Pick<EndedRow, 'id' | 'wireId'> {
  readonly state: TaskState;
  /** JSON text. */
  readonly result: string | null;
  readonly error: TaskErrorDocument | null;
  readonly groupId: string | null;
  readonly parentId: string | null;
  /** ms since the epoch. */
  readonly endedAt: number;
}

/** A task that a worker of another platform runs, as its row has it. */
export interface OpenForeign {
  readonly taskId: string;
  readonly state: TaskState;
}

/** The rows behind Celery's result backend. */
export interface CeleryStore {
  /**
   * The next ended tasks that nobody has looked after, no older than `maxAgeMs`, up to ends that other transactions might still add to: the first call of a
   * store gives none. Only those whose results a Celery client may read, or whose ends may have to be followed: not foreign ones, whose workers do both.
   * @throws StoreUnavailableError
   */
  ended(limit: number, maxAgeMs: number): Promise<EndedTasks | undefined>;
  /** All that the backend keeps of them. @throws StoreUnavailableError */
  ends(ids: readonly string[]): Promise<RowEnd[]>;
  /** What is known of ended tasks with a canvas. @throws StoreUnavailableError */
  canvasEnds(ids: readonly string[]): Promise<{ readonly owner: CanvasOwner; readonly end: CanvasEnd }[]>;
  /** All of them are looked after. Nothing happens where somebody else has moved on meanwhile. @throws StoreUnavailableError */
  passed(ended: Pick<EndedTasks, 'from' | 'to'>): Promise<void>;
  /** Foreign tasks that have not ended, the newest first. @throws StoreUnavailableError */
  openForeign(limit: number): Promise<OpenForeign[]>;
}
