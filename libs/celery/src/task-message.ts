import type { TaskExtra } from '@lovage/task';

/** The canvas part of a task message: what runs after it. Each entry is a Celery signature, kept as it came. */
export interface TaskEmbed {
  callbacks: unknown[] | null;
  errbacks: unknown[] | null;
  /** Steps still to come, **last first**: a worker takes the last entry. */
  chain: unknown[] | null;
  chord: unknown;
}

/** What a claim needs to make the row of a task whose producer died between confirm and insert. Header `x-lovage-task`, JSON text. */
export interface NewTaskData {
  /** UUID of the user who submitted it. */
  userId?: string;
  /** ms since the epoch. */
  expiresAt?: number;
  /** Version of the contract it was sent with: only read, in messages of older releases; today the header `x-lovage-input` tells it. */
  version?: number;
  /** UUID of the task that this one runs again. */
  retriedFrom?: string;
  /** Retry policy of the submit, where it differs from the contract's; the code that compiles it checks it. */
  retry?: Readonly<Record<string, unknown>>;
  /** Its tags, the moment of its schedule, what follows its end. */
  extra?: TaskExtra;
}

/** A task to be put on the wire. */
export interface OutgoingTask {
  /** The id on the wire: the task's UUID, or a foreign caller's own text. */
  id: string;
  name: string;
  /** JSON text of the input object; it becomes the keyword arguments as it is, neither parsed nor made again. Null: `args` and `kwargs` instead. */
  inputJson: string | null;
  /** Positional arguments of a foreign task; only with `inputJson: null`. */
  args?: readonly unknown[];
  /** Keyword arguments of a foreign task; only with `inputJson: null`. */
  kwargs?: Readonly<Record<string, unknown>>;
  embed?: Partial<TaskEmbed>;
  rootId: string | null;
  parentId: string | null;
  /** Failed attempts so far. */
  retries: number;
  /** ms since the epoch. */
  eta?: number | null;
  /** ms since the epoch. Sent as a header only: an AMQP expiration would let the broker drop the message without a trace. */
  expiresAt?: number | null;
  timeLimit?: readonly [hardSeconds: number | null, softSeconds: number | null];
  /** Which message of the task this is; see the glossary. */
  generation: number;
  /** The task's row was committed before this publish. */
  hasRow: boolean;
  /** What the input was made for (libs/task, `Stamp`); null: nobody said. */
  stamp?: string | null;
  /** It gets no row while it waits (`record: 'final' | 'none'`). Default false. */
  rowless?: boolean;
  newTask?: NewTaskData;
  replyTo?: string;
  /** Further headers of the caller. Those of the protocol win over equal names; what a broker adds is left out. */
  headers?: Readonly<Record<string, unknown>>;
  /** Default false. */
  ignoreResult?: boolean;
  /** Name to show in monitors instead of `name`. */
  shadow?: string | null;
  group?: string | null;
  groupIndex?: number | null;
  /** `lang` of the message that a Celery program sent it with. Left out: we sent it. */
  lang?: string | undefined;
}

/** An encoded message; with a `queue` it is what a broker port publishes. */
export interface EncodedMessage {
  body: Buffer;
  contentType: 'application/json';
  contentEncoding: 'utf-8';
  headers: Record<string, unknown>;
  correlationId: string;
  replyTo?: string;
}

/** The parts of a delivery that decoding reads. */
export interface WireMessage {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
}

/** A task as it came over the wire, checked. */
export interface IncomingTask {
  /** As on the wire; {@link taskIdOf} gives the id of its row. */
  id: string;
  name: string;
  args: unknown[];
  kwargs: Record<string, unknown>;
  /** JSON text of `kwargs`, when the message is of our own making and has no positional arguments: saves making it again. */
  inputJson: string | null;
  embed: TaskEmbed;
  /** Parts of the embed that are not empty: what the sender wants to run with or after it. See {@link canvasRefusal}. */
  canvas: readonly string[];
  /** Among its arguments are whole numbers that no double holds: bigints. */
  holdsBigints: boolean;
  rootId: string | null;
  parentId: string | null;
  retries: number;
  /** ms since the epoch. */
  eta: number | null;
  /** ms since the epoch. */
  expiresAt: number | null;
  /** Seconds. */
  timeLimit: [hard: number | null, soft: number | null];
  /** -1: the message carries none (a Python producer), it is never stale. */
  generation: number;
  hasRow: boolean;
  /** What the input was made for (libs/task, `Stamp`); null: the message does not tell, or not readably. */
  stamp: string | null;
  /** Nobody but the message knows of it while it waits: it says so, or a Python producer sent it. */
  rowless: boolean;
  newTask: NewTaskData | undefined;
  ignoreResult: boolean;
  replyTo: string | undefined;
  /** What a result must be sent with; the id when the sender gave none. */
  correlationId: string;
  /** Headers that are neither the protocol's, nor ours, nor added by a broker: to be sent again with a retry. */
  extraHeaders: Record<string, unknown> | undefined;
  /** Of the program that sent the task first: `js` for us, `py` for Celery; empty where it does not say. */
  lang: string;
  origin: string | undefined;
  shadow: string | null;
  group: string | null;
  groupIndex: number | null;
}
