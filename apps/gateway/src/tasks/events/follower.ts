import type { ListedTask, TaskLogLine, TaskSnapshot } from '@lovage/ports';
import { isTerminal } from '@lovage/task';
import { encodePosition, type Position } from './sequence.ts';

export interface FollowedEvent {
  readonly id: number;
  readonly event: 'state' | 'progress' | 'log';
  readonly data: ListedTask | TaskLogLine;
}

/** One reader that follows a task: makes events of what is found, each once and in order. */
export class Follower {
  private known: { state: string; progressNo: number } | undefined;

  constructor(private position: Position) {}

  get logNo(): number {
    return this.position.logNo;
  }

  /** Whether there is anything new in this for the follower. */
  wants(version: number, lastLogNo: number): boolean {
    return version * 2 > this.position.half || lastLogNo > this.position.logNo;
  }

  /** Log lines, in order. Those of a task that has ended were written before it did: they are told before its state. */
  *linesOf(lines: readonly TaskLogLine[]): Generator<FollowedEvent> {
    for (const line of lines) {
      if (line.no <= this.position.logNo) continue;
      yield this.event('log', line, { ...this.position, logNo: line.no });
    }
  }

  /** Changes of the row, when all its log lines so far have been told. */
  *changesOf(snapshot: TaskSnapshot): Generator<FollowedEvent> {
    const { row, version, progressNo } = snapshot;
    if (version * 2 <= this.position.half) return;
    const half = version * 2;
    // After a gap nobody knows which of the two it was: both are told again.
    const tellState = this.known?.state !== row.state;
    const tellProgress = progressNo > (this.known?.progressNo ?? 0) && half - 1 > this.position.half;
    const { logNo } = this.position;
    if (tellProgress) yield this.event('progress', row, { half: tellState ? half - 1 : half, logNo });
    if (tellState) yield this.event('state', row, { half, logNo });
    this.known = { state: row.state, progressNo };
    this.position = { half, logNo };
  }

  private event(event: FollowedEvent['event'], data: FollowedEvent['data'], position: Position): FollowedEvent {
    this.position = position;
    return { id: encodePosition(position), event, data };
  }
}

/** Whether nothing can follow after this. */
export const isEnd = (snapshot: TaskSnapshot): boolean => isTerminal(snapshot.row.state);
