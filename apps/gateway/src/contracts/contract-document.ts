import type { ContractDocument } from '@lovage/http-api';
import type { AnyContract, CompiledRetention, CompiledUnique } from '@lovage/task';
import type { z } from 'zod';
import { reportsProgress } from '../openapi/contract-paths.ts';
import { jsonSchemaOf } from '../openapi/json-schema.ts';

/** The contract as the catalogue shows it. */
export function contractDocument(contract: AnyContract): ContractDocument {
  const { name, version, summary, description, options } = contract;
  const errors = Object.entries(contract.errors as Record<string, z.ZodType>);
  return {
    name,
    version,
    summary: summary ?? null,
    description: description ?? null,
    input: jsonSchemaOf(contract.input, 'input'),
    output: jsonSchemaOf(contract.output, 'output'),
    progress: reportsProgress(contract) ? jsonSchemaOf(contract.progress, 'output') : null,
    errors: Object.fromEntries(errors.map(([type, data]) => [type, jsonSchemaOf(data, 'output')])),
    defaults: {
      queue: options.queue,
      priority: options.priority ?? null,
      maxAttempts: options.retry.maxAttempts,
      timeLimit: seconds(options.timeLimitMs),
      softTimeLimit: seconds(options.softTimeLimitMs),
      expires: seconds(options.expiresMs),
      record: options.record,
      ack: options.ack,
      pool: options.pool ?? null,
      batch: options.batch ? { size: options.batch.size, timeout: options.batch.timeoutMs / 1000 } : null,
      retention: retentionOf(options.retention),
      resultLimit: options.resultLimit ?? null,
      unique: uniqueOf(options.unique),
    },
  };
}

function uniqueOf(unique: CompiledUnique | undefined): ContractDocument['defaults']['unique'] {
  if (!unique) return null;
  const { by, periodMs, states, onConflict } = unique;
  const fields = typeof by === 'function' ? [] : by ? [...by] : null;
  return { by: fields, period: seconds(periodMs), states: [...states], onConflict };
}

function retentionOf(retention: CompiledRetention | undefined): ContractDocument['defaults']['retention'] {
  return retention ? Object.fromEntries(Object.entries(retention).map(([state, ms]) => [state, ms / 1000])) : null;
}

const seconds = (ms: number | undefined): number | null => (ms === undefined ? null : ms / 1000);
