import type { TaskErrorDocument, TerminalState } from '@lovage/task';
import type { FollowUps } from './task-ends.ts';

/** A task whose message says what is to run after it: Celery's callbacks, errbacks, chain and chord. */
export interface CanvasOwner {
  /** On the wire. */
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly rootId: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Third part of its body, checked. */
  readonly embed: Readonly<Record<string, unknown>>;
  /** Its sender's own headers. */
  readonly headers: Readonly<Record<string, unknown>> | undefined;
}

/** How it ended. */
export interface CanvasEnd {
  readonly state: TerminalState;
  /** JSON text. */
  readonly result: string | null;
  readonly error: TaskErrorDocument | null;
}

/** What follows from an end: `again`: it cannot be told now, the task is to be tried later. */
export type Followed =
  | {
      readonly kind: 'followed';
      /** What is to be recorded: another end where what follows cannot be done. */
      readonly end: CanvasEnd;
      readonly followUps: FollowUps;
      /** JSON text of `children` of its result. */
      readonly children: string;
    }
  | { readonly kind: 'retry'; readonly delayMs: number };

/** Runs Celery's canvas: knows what follows from the end of a task. */
export interface TaskCanvas {
  /** Chords can be counted. */
  readonly chords: boolean;
  /** What an end brings about, to be written with it. The same end always brings about the same. Never rejects. */
  follow(owner: CanvasOwner, end: CanvasEnd): Promise<Followed>;
  /**
   * To be called once the end is written: counts it in its chord, and starts the body after the last. May be called again for the same end.
   * @param options.repeated it may have been called before: what was dealt with is left alone
   * @returns how many tasks it has put into the outbox
   * @throws CeleryBackendError StoreUnavailableError it is to be called again
   */
  ended(owner: CanvasOwner, end: CanvasEnd, options?: { readonly repeated?: boolean }): Promise<number>;
}
