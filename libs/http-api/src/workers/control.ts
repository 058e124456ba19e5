import { z } from 'zod';

const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most, { abort: true })
    .regex(/^\P{Cc}+$/u, { error: 'must not hold control characters' });
const queue = text(200).meta({ description: 'Name of a queue' });
const count = z.int().min(1).max(1000).default(1).meta({ description: 'So many. Default 1' });
const size = z.int().min(1).max(10_000);
const seconds = z.number().positive().max(2_000_000).nullable();

/** What a worker can be asked, by the last part of the route. */
export const WORKER_QUESTIONS = [
  ...(['ping', 'stats', 'active', 'reserved', 'scheduled', 'registered', 'queues', 'conf', 'report'] as const),
  ...(['revoked', 'clock'] as const),
] as const;
export type WorkerQuestion = (typeof WORKER_QUESTIONS)[number];

/** What one worker has answered. */
export const WorkerAnswer = z
  .object({
    worker: z.string().meta({ description: 'Its name' }),
    value: z.unknown().meta({ description: 'As Celery’s remote control has it; null: it had nothing to say' }),
    error: z.string().nullable().meta({ description: 'Why it refuses; null: it does not' }),
  })
  .meta({ id: 'WorkerAnswer' });
export type WorkerAnswer = z.output<typeof WorkerAnswer>;

/** Answers of workers to one question or command. */
export const WorkerAnswers = z
  .object({
    answers: z.array(WorkerAnswer).meta({ description: 'By the names of the workers' }),
    silent: z.array(z.string()).meta({ description: 'Names of known workers that have not answered in time' }),
  })
  .meta({ id: 'WorkerAnswers' });
export type WorkerAnswers = z.output<typeof WorkerAnswers>;

/** Query of a question to workers. */
export const WorkerQuestionQuery = z.strictObject({
  timeout: z.coerce
    .number()
    .min(0.1)
    .max(10)
    .default(2)
    .meta({ description: 'Longest wait for answers, seconds: 0.1 to 10. Default 2' }),
});
export type WorkerQuestionQuery = z.output<typeof WorkerQuestionQuery>;

export const PoolBody = z.strictObject({ n: count }).meta({ id: 'PoolChange' });
export const AutoscaleBody = z
  .strictObject({
    max: size.meta({ description: 'Most tasks at a time' }),
    min: size.meta({ description: 'Least tasks at a time' }),
  })
  .refine(({ max, min }) => min <= max, { path: ['min'], error: 'must not be more than max' })
  .meta({ id: 'Autoscale' });
export const RateLimitBody = z
  .strictObject({
    task: text(255).meta({ description: 'Name of the task' }),
    rate: z
      .string()
      .max(30)
      .regex(/^\d+(?:\.\d+)?(?:\/[smh])?$/, { error: 'must be a rate such as 10/m, 2/s or 100/h' })
      .nullable()
      .meta({ description: 'So many begin on each of these workers; null: as many as there are' }),
  })
  .meta({ id: 'WorkerRateLimit' });
export const TimeLimitBody = z
  .strictObject({
    task: text(255).meta({ description: 'Name of the task' }),
    soft: seconds.default(null).meta({ description: 'Seconds; null: as the task has it' }),
    hard: seconds.default(null).meta({ description: 'Seconds; null: as the task has it' }),
  })
  .meta({ id: 'WorkerTimeLimit' });
export const ConsumerBody = z
  .strictObject({
    queue,
    exchange: text(200)
      .optional()
      .meta({ description: 'Bound to this exchange as well. Default: the one of its name' }),
    exchangeType: z.enum(['direct', 'topic', 'fanout', 'headers']).optional(),
    routingKey: text(255).optional(),
  })
  .meta({ id: 'WorkerConsumer' });
export const NoBody = z.strictObject({}).meta({ id: 'Nothing' });
