/** What the message of a task says, in Celery's words: its `task.request`. */
export interface CeleryRequest {
  /** As on the wire. */
  readonly id: string;
  readonly rootId: string;
  readonly parentId: string | null;
  readonly group: string | null;
  readonly groupIndex: number | null;
  readonly retries: number;
  /** `[hard, soft]`, seconds. */
  readonly timeLimit: readonly [hard: number | null, soft: number | null];
  readonly shadow: string | null;
  /** Of the program that sent it first: `py`, or `js` for us. */
  readonly lang: string;
  readonly correlationId: string;
  readonly replyTo: string | null;
  readonly ignoreResult: boolean;
  readonly queue: string;
  readonly priority: number | null;
  readonly redelivered: boolean;
  /** The sender's own headers, stamps among them. */
  readonly headers: Readonly<Record<string, unknown>>;
}
