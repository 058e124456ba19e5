/** A terminal's Ctrl-C comes twice under npm: from the terminal, and handed on by npm. */
const ECHO_MS = 700;

export interface StopSignals {
  onFirst(signal: NodeJS.Signals): void;
  /** The user is out of patience. */
  onSecond(): void;
}

/** Calls `onFirst` for the first SIGINT, SIGTERM or SIGHUP, `onSecond` for each further one that is not its echo. */
export function listenForStop({ onFirst, onSecond }: StopSignals, source: NodeJS.EventEmitter = process): void {
  let firstAt: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    source.on(signal, () => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        onFirst(signal);
      } else if (performance.now() - firstAt > ECHO_MS) onSecond();
    });
}
