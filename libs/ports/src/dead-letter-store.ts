import type { NewTask } from './task.ts';

/** Largest part of a body that is kept with a dead letter, bytes. */
export const MAX_DEAD_LETTER_BYTES = 1024 * 1024;

/**
 * Why the broker gave a message up. `malformed`: refused, and it is no task that can be read. Else as the broker says:
 * `rejected`, `expired`, `maxlen`, `delivery_limit`; `unknown` when it says nothing. `input_invalid`: not the broker but a worker gave it up, since its
 * input was made for another version of the contract and fits no rule.
 */
export type DeadLetterReason = string;

/** What became of the row that a dead letter names. `none`: there was nothing to do, since nothing waited for that message. */
export type DeadLetterOutcome = 'ended' | 'sent_again' | 'none';

/** A message that the broker gave up, as it is written down. JSON fields travel as text. */
export interface NewDeadLetter {
  readonly id: string;
  /** The same for the same message, whichever consumer gets it and how often. */
  readonly fingerprint: string;
  /**
   * It may have been delivered, and so written, before. A first delivery is written even if a dead letter of the same fingerprint is
   * there: without an identity from the broker, two equal messages look alike.
   */
  readonly redelivered: boolean;
  /** Where it died. */
  readonly queue: string;
  readonly reason: DeadLetterReason;
  /** Why it cannot be read, stable (docs/errors.md); null: it can. */
  readonly code: string | null;
  readonly detail: string | null;
  /** Id of the row that it names; null: it names none. */
  readonly taskId: string | null;
  readonly wireId: string | null;
  readonly name: string | null;
  /** Of the message; -1: it carries none, or none that can be read. */
  readonly generation: number;
  /** As {@link NewTask.priority}. */
  readonly priority: number | null;
  /** The row was committed before the message was sent: no row now means that it ended and was deleted by age. */
  readonly hadRow: boolean;
  readonly headers: string;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  /** At most {@link MAX_DEAD_LETTER_BYTES} of it. */
  readonly body: Buffer;
  /** Of the whole, bytes. */
  readonly bodySize: number;
  /** ms since the epoch, as the broker says. */
  readonly diedAt: number | null;
  /** The row to make where there is none and the message was sent before it; null: it names no task. */
  readonly task: NewTask | null;
  /** JSON text: the error that its task ends with. */
  readonly error: string;
  /** Nobody refused it: its task is sent once more before it is given up. */
  readonly resend: boolean;
}

/** A dead letter as it is kept. */
export interface DeadLetter {
  readonly id: string;
  readonly queue: string;
  readonly reason: DeadLetterReason;
  readonly code: string | null;
  readonly detail: string | null;
  readonly taskId: string | null;
  readonly wireId: string | null;
  readonly name: string | null;
  readonly priority: number | null;
  readonly outcome: DeadLetterOutcome | null;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly bodySize: number;
  /** Times are ms since the epoch. */
  readonly diedAt: number | null;
  readonly receivedAt: number;
  readonly redrivenAt: number | null;
  /** Id of the task that it became. */
  readonly redrivenAs: string | null;
  readonly redrivenBy: string | null;
}

/** The same with the message. */
export interface WholeDeadLetter extends DeadLetter {
  readonly headers: Readonly<Record<string, unknown>>;
  /** The first {@link MAX_DEAD_LETTER_BYTES} of it, if it is larger. */
  readonly body: Buffer;
}

export interface KeptDeadLetter {
  readonly id: string;
  /** Null: the task's own message is being sent at this moment; to be asked again. */
  readonly outcome: DeadLetterOutcome | null;
  /** This call has ended its task as `FAILURE`: callers that wait for it are to be told. */
  readonly failed: boolean;
}

/** What is asked for; everything given must hold. */
export interface DeadLetterFilter {
  readonly queue?: string;
  readonly reason?: DeadLetterReason;
  readonly name?: string;
  /** Id of the row that it names. */
  readonly taskId?: string;
  readonly redriven?: boolean;
  /** In the ids, the name, the code, the detail or the headers, in any case of letters; or in the kept part of the body, as it is written. */
  readonly text?: string;
}

/** Dead letters that have not been redriven and are alike. */
export interface DeadLetterGroup {
  readonly reason: DeadLetterReason;
  readonly queue: string;
  readonly name: string | null;
  readonly code: string | null;
  readonly count: number;
  /** When the first and the last of them were written down, ms since the epoch. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export interface DeadLetterGroups {
  /** The largest first. */
  readonly groups: readonly DeadLetterGroup[];
  /** Only the newest dead letters were looked at, or there are more groups. */
  readonly approximate: boolean;
}

export interface DeadLetterPage {
  /** Newest first. */
  readonly items: readonly DeadLetter[];
  /** Where the next page begins, a dead letter's id; null at the end. There may be one although this page is short, or empty. */
  readonly next: string | null;
}

/** A dead letter on its way back, as a task of its own. */
export interface RedriveItem {
  readonly deadLetterId: string;
  readonly task: NewTask;
  /** From now on; 0: at once. */
  readonly delayMs: number;
}

/** A task whose input fits no contract here, with the dead letter that its message becomes. */
export interface HeldInput {
  /** The dead letter's. */
  readonly id: string;
  /** The row, made where there is none and the message came before it. */
  readonly task: NewTask;
  /** Of the message; -1: it carries none. */
  readonly generation: number;
  readonly hadRow: boolean;
  /** Name of the worker that says so. */
  readonly worker: string;
  /** For people. */
  readonly detail: string;
  /** JSON text: the error that the task ends with. */
  readonly error: string;
  /** JSON text. */
  readonly headers: string;
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  /** At most {@link MAX_DEAD_LETTER_BYTES} of it. */
  readonly body: Buffer;
  /** Of the whole, bytes. */
  readonly bodySize: number;
}

/** Messages that brokers gave up. All throw StoreUnavailableError. */
export interface DeadLetterStore {
  /**
   * Writes dead letters down, each once, and gives the rows that they name an outcome, in one commit. The answer stands in the order of
   * the dead letters: the one that was written, or that of an earlier delivery. May be repeated, also at the same time elsewhere.
   * @throws ValueRefusedError one of them cannot be kept; nothing was written.
   */
  keep(deadLetters: readonly NewDeadLetter[]): Promise<KeptDeadLetter[]>;
  /** Newest first. Only so many dead letters are looked at for one page. `before`: the `next` of the page before. */
  list(filter: DeadLetterFilter, page: { limit: number; before?: string | undefined }): Promise<DeadLetterPage>;
  /** Of the newest dead letters, those that have not been redriven, by reason, queue, name and code: at most `limit` groups. */
  groups(limit: number): Promise<DeadLetterGroups>;
  get(id: string): Promise<WholeDeadLetter | undefined>;
  getMany(ids: readonly string[]): Promise<WholeDeadLetter[]>;
  /**
   * Makes tasks of dead letters, each dead letter once: row, outbox message and the note at the dead letter are one commit. Returns the ids of
   * the dead letters that are redriven by this call; the others had been before, or are gone.
   */
  redrive(items: readonly RedriveItem[], by: string | null): Promise<string[]>;
  /**
   * Ends tasks `FAILURE` and keeps their messages as dead letters of the reason `input_invalid`, in one commit. Returns the ids of the tasks
   * that ended by this call; of the others their rows say why not: cancelled, expired, claimed, over, or a later message is valid.
   * @throws ValueRefusedError one of them cannot be kept; nothing was written.
   */
  hold(items: readonly HeldInput[]): Promise<string[]>;
  /** False: there is no such dead letter. */
  remove(id: string): Promise<boolean>;
}
