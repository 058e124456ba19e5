/** A contract's input as a worker serves it. */
export interface ServedSchema {
  readonly name: string;
  readonly version: number;
  /** Of the input's schema. */
  readonly fingerprint: string;
  /** What decides which inputs fit, as JSON Schema. */
  readonly inputSchema: unknown;
}

/** The same as the database remembers it. Times are ms since the epoch. */
export interface SeenSchema extends ServedSchema {
  readonly firstSeenAt: number;
  /** When a worker that serves it last said so; workers do every ten minutes. */
  readonly lastSeenAt: number;
}

/** Tasks that wait, by what their inputs were made for. */
export interface WaitingStamp {
  readonly name: string;
  readonly stamp: string | null;
  readonly count: number;
}

/** An input that waits. */
export interface WaitingInput {
  readonly id: string;
  readonly stamp: string | null;
  /** Null: the message carries positional arguments instead, which {@link message} holds. */
  readonly input: unknown;
  readonly message: unknown;
}

/**
 * A schema that workers have served, and none for so long, is of the past, ms. Workers tell once a minute; a crash, a restart or a
 * slow deploy of the only worker that has it must not make inputs of the present unfit.
 */
export const SCHEMA_PAST_MS = 300_000;

/** What workers have served, and what waits for them. All throw StoreUnavailableError. */
export interface ContractStore {
  /** Notes that these are served now. */
  served(schemas: readonly ServedSchema[]): Promise<void>;
  /** Whether the schema is of the past (see {@link SCHEMA_PAST_MS}), in the order of what was asked. One that was never served is not. */
  past(schemas: readonly Pick<ServedSchema, 'name' | 'fingerprint'>[]): Promise<boolean[]>;
  /** All that were seen, by name, the latest seen first. */
  seen(): Promise<SeenSchema[]>;
  /** Tasks that have not ended, by contract and stamp. */
  waiting(): Promise<WaitingStamp[]>;
  /** Inputs of tasks of one contract that have not ended, by id. `after`: the last id of the page before. */
  waitingInputs(name: string, page: { limit: number; after: string | undefined }): Promise<WaitingInput[]>;
}
