import { plainArray, textArray } from '@lovage/foundation';
import {
  SCHEMA_PAST_MS,
  type ContractStore,
  type SeenSchema,
  type ServedSchema,
  type WaitingInput,
  type WaitingStamp,
} from '@lovage/ports';
import type { Database } from '../database.ts';
import { PAST, SEEN, SERVED, WAITING_INPUTS, WAITING_STAMPS } from '../sql/contracts.ts';

/** What workers have served, and what waits for them, on Postgres. */
export class PgContractStore implements ContractStore {
  constructor(private readonly database: Database) {}

  async served(schemas: readonly ServedSchema[]): Promise<void> {
    await this.database.run(SERVED, [
      textArray(schemas.map(({ name }) => name)),
      plainArray(schemas.map(({ version }) => version)),
      textArray(schemas.map(({ fingerprint }) => fingerprint)),
      textArray(schemas.map(({ inputSchema }) => JSON.stringify(inputSchema))),
    ]);
  }

  async past(schemas: readonly Pick<ServedSchema, 'name' | 'fingerprint'>[]): Promise<boolean[]> {
    const rows = await this.database.run<{ past: boolean }>(PAST, [
      textArray(schemas.map(({ name }) => name)),
      textArray(schemas.map(({ fingerprint }) => fingerprint)),
      SCHEMA_PAST_MS,
    ]);
    return rows.map(({ past }) => past);
  }

  async seen(): Promise<SeenSchema[]> {
    const rows = await this.database.run<RawSeen>(SEEN, []);
    return rows.map(({ input_schema, first_seen_at, last_seen_at, ...same }) => ({
      ...same,
      inputSchema: input_schema,
      firstSeenAt: first_seen_at,
      lastSeenAt: last_seen_at,
    }));
  }

  waiting(): Promise<WaitingStamp[]> {
    return this.database.run<WaitingStamp & Record<string, unknown>>(WAITING_STAMPS, []);
  }

  waitingInputs(name: string, { limit, after }: { limit: number; after: string | undefined }): Promise<WaitingInput[]> {
    return this.database.run<WaitingInput & Record<string, unknown>>(WAITING_INPUTS, [name, limit, after ?? null]);
  }
}

interface RawSeen {
  name: string;
  version: number;
  fingerprint: string;
  input_schema: unknown;
  first_seen_at: number;
  last_seen_at: number;
  [column: string]: unknown;
}
