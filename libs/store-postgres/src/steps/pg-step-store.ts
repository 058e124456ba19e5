import type { KeptStep, StepClaim, StepStore } from '@lovage/ports';
import type { Database } from '../database.ts';
import { FIND_STEP, KEEP_STEP } from '../sql/steps.ts';

/** Steps on Postgres. What is recorded is on disk before the handler goes on: it must not be done again. */
export class PgStepStore implements StepStore {
  constructor(private readonly database: Database) {}

  async find(taskId: string, key: string): Promise<string | undefined> {
    const [row] = await this.database.run<{ value: string }>(FIND_STEP, [taskId, key]);
    return row?.value;
  }

  async keep({ id, worker, claimNo }: StepClaim, key: string, value: string): Promise<KeptStep> {
    const values = [id, worker, claimNo, key, value];
    const [row] = await this.database.run<{ mine: boolean; value: string | null }>(KEEP_STEP, values);
    if (!row!.mine) return { kind: 'stale' };
    return row!.value === null ? { kind: 'full' } : { kind: 'kept', value: row!.value };
  }
}
