import pino from 'pino';
import { errorDetails, isError } from '@lovage/foundation';
import type { Log } from '@lovage/ports';
import { readableLine } from './log-line.ts';
import { maskPasswords, REDACTED_PATHS } from './redact.ts';

type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface LogOptions {
  /** In every line: `gateway`, `worker`, `beat`. */
  readonly app: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /**
   * `json`: one object a line, for machines. `readable`: one short line, for people. Default: `readable` in development
   * (also through a pipe, since `npm start` shows its children so), else `json`.
   */
  readonly format?: 'json' | 'readable';
  /** `NODE_ENV`. */
  readonly mode?: 'development' | 'production' | 'test';
  /** File descriptor to write to: 1 (default) stdout, 2 stderr. */
  readonly fd?: 1 | 2;
  /** Instead of `fd`: gets each line. For tests. */
  readonly write?: (line: string) => void;
  /** Colours in the readable form. Default: as the terminal can show them (`NO_COLOR` holds). */
  readonly colours?: boolean;
}

/**
 * The log that all apps write alike. Lines are written before the call returns, so none is lost when the process dies.
 * Fields with the names of secrets, and passwords within URLs, read `***`.
 */
export function createLog(options: LogOptions): Log {
  const { app, level = 'info', mode = 'development', fd = 1 } = options;
  const stream = fd === 1 ? process.stdout : process.stderr;
  const isTerminal = stream.isTTY === true;
  const colours = options.colours ?? (isTerminal && stream.hasColors());
  const format = options.format ?? (mode === 'development' ? 'readable' : 'json');
  const write = options.write ?? writerTo(fd);
  const logger = pino(
    {
      level,
      base: { app, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: REDACTED_PATHS, censor: '***' },
      serializers: { err: errorFields },
    },
    {
      write: (line: string) => {
        const safe = maskPasswords(line);
        write(format === 'json' ? safe : readableLine(safe, colours));
      },
    },
  );
  return logger satisfies Log;
}

/** An error as pino has it; one that pino cannot read, and details of one that was read before, as details. */
function errorFields(error: unknown): unknown {
  if (!isError(error)) return error;
  try {
    return withoutRows(pino.stdSerializers.err(error) as unknown as Record<string, unknown>);
  } catch {
    return errorDetails(error);
  }
}

/** What Postgres tells of an error beside its message: rows that it refused, statements and their parameters. */
const ROWS: ReadonlySet<string> = new Set(['detail', 'where', 'internalQuery', 'query', 'parameters']);

/** An error of Postgres without the data in it: inputs and results of tasks, e-mails. `code`, `table`, `constraint` stay. */
function withoutRows(fields: Record<string, unknown>): unknown {
  if (typeof fields['code'] !== 'string' || typeof fields['severity'] !== 'string') return fields;
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !ROWS.has(name)));
}

function writerTo(fd: 1 | 2): (line: string) => void {
  const destination = pino.destination({ dest: fd, sync: true });
  return (line) => void destination.write(line);
}
