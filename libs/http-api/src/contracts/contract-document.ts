import { TASK_STATES, TERMINAL_STATES, UNIQUE_CONFLICTS } from '@lovage/task';
import { z } from 'zod';

const JsonSchema = z.record(z.string(), z.unknown()).meta({ id: 'JsonSchema', description: 'JSON Schema 2020-12' });
const seconds = z.number().nullable();

/** A contract as the catalogue shows it. */
export const ContractDocument = z
  .object({
    name: z.string(),
    version: z.int(),
    summary: z.string().nullable(),
    description: z.string().nullable(),
    input: JsonSchema,
    output: JsonSchema,
    progress: JsonSchema.nullable().meta({ description: 'null: it reports none' }),
    errors: z.record(z.string(), JsonSchema).meta({ description: 'Declared errors, each with the schema of its data' }),
    defaults: z.object({
      queue: z.string(),
      priority: z.int().nullable().meta({ description: 'From 0 to 9, higher is more urgent; null: none, as 4' }),
      maxAttempts: z.int(),
      timeLimit: seconds.meta({ description: 'In seconds; null: none' }),
      softTimeLimit: seconds.meta({ description: 'In seconds; null: none' }),
      expires: seconds.meta({ description: 'In seconds; null: never' }),
      record: z.enum(['full', 'final', 'none']),
      ack: z.enum(['late', 'claim', 'early']),
      pool: z.enum(['async', 'thread', 'process']).nullable().meta({ description: "null: the worker's" }),
      batch: z
        .object({ size: z.int(), timeout: z.number().meta({ description: 'In seconds' }) })
        .nullable()
        .meta({ description: 'How many of its tasks one call of the handler is given; null: one' }),
      retention: z.partialRecord(z.enum(TERMINAL_STATES), z.number()).nullable().meta({
        description:
          'How long its ended tasks are kept, by state, in seconds; what is not named, and null: as all tasks',
      }),
      resultLimit: z.int().nullable().meta({ description: "Largest result as JSON, bytes; null: the worker's" }),
      unique: z
        .object({
          by: z.array(z.string()).nullable().meta({
            description: 'Fields of the input that are compared; empty: a function of it; null: the whole input',
          }),
          period: seconds.meta({ description: 'In seconds; null: however old' }),
          states: z.array(z.enum(TASK_STATES)).meta({ description: 'In which another task conflicts' }),
          onConflict: z.enum(UNIQUE_CONFLICTS),
        })
        .nullable()
        .meta({ description: 'When two of its tasks are the same work; null: never' }),
    }),
  })
  .meta({ id: 'Contract' });
export type ContractDocument = z.output<typeof ContractDocument>;

/** Answer of `GET /api/contracts`. */
export const ContractList = z.object({ items: z.array(ContractDocument) }).meta({ id: 'ContractList' });
export type ContractList = z.output<typeof ContractList>;

/** Body of `POST /api/contracts/{name}/check`: what a submit would be given, right or not. */
export const ContractCheckBody = z
  .strictObject({
    input: z.unknown().optional().meta({ description: 'Left out: {}' }),
    options: z.unknown().optional().meta({ description: 'As those of a submit' }),
  })
  .meta({ id: 'ContractCheckBody' });
export type ContractCheckBody = z.output<typeof ContractCheckBody>;

/** Answer of `POST /api/contracts/{name}/check`. */
export const ContractCheckDocument = z
  .object({
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .meta({ description: 'What a submit would refuse, such as `input.x`; none: it would be accepted' }),
  })
  .meta({ id: 'ContractCheck' });
export type ContractCheckDocument = z.output<typeof ContractCheckDocument>;
