import { Signal } from '@lovage/foundation';
import type { Log } from '@lovage/ports';

const nothing = (): void => undefined;

/** Drops everything. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => silentLog };

export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Those of the line over those of its {@link Log.child | children's} ancestors. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Keeps every line, and tells of each as it comes. */
export class RecordingLog implements Log {
  constructor(
    private readonly base: object = {},
    readonly entries: LogEntry[] = [],
    readonly logged = new Signal<LogEntry>(),
  ) {}

  debug(fields: object, message: string): void {
    this.keep('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.keep('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.keep('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.keep('error', fields, message);
  }

  child(fields: object): Log {
    return new RecordingLog({ ...this.base, ...fields }, this.entries, this.logged);
  }

  private keep(level: LogEntry['level'], fields: object, message: string): void {
    const entry = { level, fields: { ...this.base, ...fields }, message };
    this.entries.push(entry);
    this.logged.emit(entry);
  }
}
