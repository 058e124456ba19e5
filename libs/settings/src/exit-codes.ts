/** What a process of ours tells by its exit code. */
export const ExitCode = {
  /** Stopped as asked, Ctrl-C included. */
  ok: 0,
  other: 1,
  badSetting: 2,
  serverUnreachable: 3,
  portInUse: 4,
  /** Stopped in order after an error that nobody caught, thrown by what a handler left behind: to be started again. */
  escapedError: 5,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const BY_ERROR_CODE: Readonly<Record<string, ExitCode>> = {
  setting_invalid: ExitCode.badSetting,
  server_url_invalid: ExitCode.badSetting,
  store_unavailable: ExitCode.serverUnreachable,
  store_busy: ExitCode.serverUnreachable,
  broker_unavailable: ExitCode.serverUnreachable,
  EADDRINUSE: ExitCode.portInUse,
  port_in_use: ExitCode.portInUse,
};

/** The exit code for an error that ends a process: by its `code`, or that of an error which caused it. */
export function exitCodeOf(error: unknown): ExitCode {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth += 1) {
    const found = BY_ERROR_CODE[(cause as { code?: string }).code ?? ''];
    if (found !== undefined) return found;
  }
  return ExitCode.other;
}
