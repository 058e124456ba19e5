/** What `--json` writes. */
export interface ChaosReport {
  /** ISO 8601, when it began. */
  readonly date: string;
  readonly machine: {
    readonly cores: number;
    /** Of the last minute, at the end: what else ran there. */
    readonly load: number;
    readonly node: string;
    readonly postgres: string;
    /** Of the servers that were needed. */
    readonly rabbitmq?: string;
    readonly redis?: string;
  };
  readonly scenarios: readonly ScenarioReport[];
}

/** One scenario's outcome. */
export interface ScenarioReport {
  readonly name: string;
  /** Tasks that were accepted. */
  readonly tasks: number;
  readonly lost: number;
  readonly recordedTwice: number;
  /** Tasks whose handler was run more than once. */
  readonly runTwice: number;
  /** From a service's return to the first task recorded after it, the longest, ms. */
  readonly recoveryMs: number | undefined;
  /** From the last return until all were recorded, ms. */
  readonly allMs: number | undefined;
  /** Of the whole scenario, with starting and checking, seconds. */
  readonly tookSeconds: number;
  /** Tasks whose submit got no answer, or was refused, and was made again. */
  readonly unanswered: number;
  readonly refused: number;
  /** What happened. */
  readonly notes: readonly string[];
  /** Bars that were missed. Empty: passed. */
  readonly missed: readonly string[];
}
