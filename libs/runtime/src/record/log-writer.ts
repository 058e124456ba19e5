import {
  MAX_TASK_LOG_LINES,
  TASK_LOG_LEVELS,
  type Clock,
  type Log,
  type NewTaskLogLine,
  type TaskLogLevel,
  type TaskLogSink,
} from '@lovage/ports';
import type { TaskEntry } from '../entry.ts';

const MAX_BATCH = 200;
/** Of one attempt, so that its last words fit as well. */
const MAX_LINES = MAX_TASK_LOG_LINES - 1;
/** Of one attempt, in characters of messages and fields. */
const MAX_ATTEMPT = 256 * 1024;
const MAX_MESSAGE = 8 * 1024;
const MAX_FIELDS = 8 * 1024;
/** Lines that wait to be written, of all tasks together: what comes beyond is dropped, not the worker. */
const MAX_WAITING = 10_000;

export interface LogWriterOptions {
  readonly logs: TaskLogSink;
  /** Least level that is kept. */
  readonly level: TaskLogLevel;
  readonly clock: Clock;
  readonly log: Log;
}

/** What an attempt has logged so far. */
interface LineAllowance {
  lines: number;
  size: number;
  /** Lines not yet written. */
  waiting: number;
  full: boolean;
}

/**
 * Writes what handlers log, in batches and within bounds, in the order of each task. The end of an attempt waits for its
 * lines, so that a reader who sees the end sees them all. A task that logs nothing is never heard of here.
 */
export class LogWriter {
  private readonly kept: ReadonlySet<TaskLogLevel>;
  private readonly accounts = new WeakMap<TaskEntry, LineAllowance>();
  private queue: { account: LineAllowance; line: NewTaskLogLine }[] = [];
  /** Settled when the batch under way is. */
  private flushed: Promise<void> = Promise.resolve();
  private writing: Promise<void> | undefined;

  constructor(private readonly options: LogWriterOptions) {
    this.kept = new Set(TASK_LOG_LEVELS.slice(TASK_LOG_LEVELS.indexOf(options.level)));
  }

  /** Never throws: a line that cannot be kept must not fail the task. */
  add(entry: TaskEntry, level: TaskLogLevel, message: string, fields: Record<string, unknown>): void {
    // Where nothing of the task is kept, nobody could look its lines up.
    if (!this.kept.has(level) || entry.options.record === 'none') return;
    const account = this.accountOf(entry);
    if (account.full) return;
    const text = storable(String(message), MAX_MESSAGE);
    const json = fieldsJson(fields);
    account.lines += 1;
    account.size += text.length + (json?.length ?? 0);
    if (this.queue.length >= MAX_WAITING) return;
    account.full = account.lines >= MAX_LINES || account.size >= MAX_ATTEMPT;
    this.push(entry, account, level, text, json);
    if (account.full)
      this.push(entry, account, 'warn', 'this attempt has logged as much as is kept; what follows is not', null);
    this.writing ??= this.write();
  }

  /** Settled once what the task has logged is written, or could not be; undefined when nothing of it is left to write. */
  written(entry: TaskEntry): Promise<void> | undefined {
    const account = this.accounts.get(entry);
    return account && account.waiting > 0 ? this.untilWritten(account) : undefined;
  }

  /** Resolves once everything logged so far is written. */
  async idle(): Promise<void> {
    await this.writing;
  }

  private accountOf(entry: TaskEntry): LineAllowance {
    let account = this.accounts.get(entry);
    if (!account) this.accounts.set(entry, (account = { lines: 0, size: 0, waiting: 0, full: false }));
    return account;
  }

  private push(
    entry: TaskEntry,
    account: LineAllowance,
    level: TaskLogLevel,
    message: string,
    fields: string | null,
  ): void {
    const at = Math.round(this.options.clock.now());
    account.waiting += 1;
    this.queue.push({ account, line: { taskId: entry.id, attempt: entry.retries + 1, at, level, message, fields } });
  }

  private async untilWritten(account: LineAllowance): Promise<void> {
    while (account.waiting > 0) await this.flushed;
  }

  private async write(): Promise<void> {
    while (this.queue.length > 0) {
      this.flushed = this.flush();
      await this.flushed;
    }
    this.writing = undefined;
  }

  private async flush(): Promise<void> {
    const batch = this.queue.splice(0, MAX_BATCH);
    try {
      await this.options.logs.write(batch.map(({ line }) => line));
    } catch (error) {
      this.options.log.warn({ err: error, lines: batch.length }, 'log lines of tasks could not be kept');
    }
    for (const { account } of batch) account.waiting -= 1;
  }
}

/** Text that Postgres can keep: without NUL, without halves of surrogate pairs, not endless. */
function storable(text: string, max: number): string {
  const short = text.length > max ? `${text.slice(0, max - 1)}…` : text;
  return short.replace(/\0|\p{Surrogate}/gu, '\uFFFD');
}

function fieldsJson(fields: Record<string, unknown>): string | null {
  try {
    const json = JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? errorFields(value) : value));
    if (json === undefined || json === '{}') return null;
    return json.length > MAX_FIELDS ? JSON.stringify({ omitted: `${json.length} characters of fields` }) : json;
  } catch (error) {
    return JSON.stringify({ omitted: `fields that are no JSON: ${(error as Error).message.slice(0, 200)}` });
  }
}

const errorFields = ({ name, message, stack }: Error): object => ({ type: name, message, stack });
