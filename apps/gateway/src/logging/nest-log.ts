import type { LoggerService } from '@nestjs/common';
import type { Log } from '@lovage/ports';

/** What Nest has to say, in our log. Its daily chatter (modules found, routes mapped) is for debugging. */
export class NestLog implements LoggerService {
  constructor(private readonly sink: Log) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.sink.debug(fields(rest), String(message));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.sink.debug(fields(rest), String(message));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.sink.debug(fields(rest), String(message));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.sink.warn(fields(rest), String(message));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.sink.error({ ...fields(rest), ...(message instanceof Error && { err: message }) }, String(message));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.error(message, ...rest);
  }
}

/** Nest gives the name of what speaks as the last argument, and a stack before it. */
function fields(rest: readonly unknown[]): object {
  const context = rest.at(-1);
  const stack = rest.length > 1 ? rest[0] : undefined;
  return {
    ...(typeof context === 'string' && { context }),
    ...(typeof stack === 'string' && { stack }),
  };
}
