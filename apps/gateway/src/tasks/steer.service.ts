import { Inject, Injectable } from '@nestjs/common';
import type { LovageClient, SubmitOptions, TaskHandle } from '@lovage/client';
import type { RetryBody, RevokeBody, RevokeManyAnswer, RevokeManyBody, TaskDocument } from '@lovage/http-api';
import type { Clock, StoredMessage, TaskRow } from '@lovage/ports';
import { isTerminal, type AnyContract, type ContractRegistry, type SubmitInput } from '@lovage/task';
import { CLIENT, CLOCK, CONTRACTS } from '../deps.ts';
import { retryExtra } from '../bulk-retry/retry-extra.ts';
import { retryInput } from '../bulk-retry/retry-input.ts';
import { GatewayMetrics } from '../metrics/metrics.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { checkOptions } from './check-options.ts';
import { decodeCursor } from './list/cursor.ts';
import { filterOf, looksIntoEach } from './list/filter.ts';
import { TextSearches } from './list/text-searches.ts';
import { manyAnswer } from './many-answer.ts';
import { submittedRow, taskDocument } from './task-document.ts';
import { TaskReader } from './task-reader.ts';

/** What runs in place of an ended task: a new one, or one of the same work that was in its way. */
export interface RetriedTask {
  readonly handle: TaskHandle;
  readonly task: TaskDocument;
}

/** How long one request goes on cancelling tasks, ms; its answer tells how to go on. Then the last batch may take as long as any query. */
const MANY_MS = 10_000;

/** Steers tasks that are there: cancels them, retries them. */
@Injectable()
export class SteerService {
  constructor(
    @Inject(CLIENT) private readonly client: Pick<LovageClient, 'submit' | 'submitForeign' | 'revoke'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly reader: TaskReader,
    private readonly metrics: GatewayMetrics,
    private readonly searches: TextSearches,
  ) {}

  /** The task as it is then. @throws ProblemError `task_unknown`, `task_running`, `task_ended` */
  async revoke(publicId: string, body: RevokeBody, userId: string): Promise<TaskDocument> {
    const { id } = await this.reader.byPublicId(publicId);
    const by = { actor: userId, reason: body.reason, terminate: body.terminate };
    const outcome = await this.client.revoke(id, by);
    if (outcome.kind === 'terminal')
      throw new ProblemError('task_ended', `the task has ended ${outcome.state}: there is nothing to revoke`);
    if (outcome.kind === 'running' && !body.terminate)
      throw new ProblemError(
        'task_running',
        'a worker runs the task already; send { "terminate": true } to have it ended there',
      );
    return taskDocument(await this.reader.byPublicId(publicId));
  }

  /** What became of many tasks; of a filter within a bounded time. @throws ProblemError `query_invalid` for an invalid cursor */
  async revokeMany(body: RevokeManyBody, userId: string): Promise<RevokeManyAnswer> {
    const { ids, filter, terminate, reason, limit, cursor } = body;
    const by = { actor: userId, reason, terminate };
    if (ids) return manyAnswer(await this.client.revoke(ids, by));
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const options = { ...by, limit, after, timeLimitMs: MANY_MS };
    const revoke = () => this.client.revoke(filterOf(filter!, this.contracts), options);
    return manyAnswer(await (!looksIntoEach(filter!) ? revoke() : this.searches.run(userId, revoke)));
  }

  /**
   * A new task that does the same again, under an id of its own.
   * @throws ProblemError `task_unknown`, `task_not_ended`, `options_invalid`; and what LovageClient.submit throws.
   */
  async retry(publicId: string, body: RetryBody, userId: string): Promise<RetriedTask> {
    const row = await this.reader.byPublicId(publicId);
    if (!isTerminal(row.state))
      throw new ProblemError('task_not_ended', `the task is ${row.state}: only one that has ended can be run again`);
    const at = this.clock.now();
    const options: SubmitOptions & { queue: string } = {
      queue: row.queue,
      priority: row.priority === null ? undefined : Math.min(9, row.priority),
      retry: (row.message as StoredMessage | null)?.retry,
      ...retryExtra(row.extra, this.contracts.find(row.name)),
      ...body.options,
      userId,
      retriedFrom: row.id,
      awaitReply: false,
    };
    const contract = this.contracts.find(row.name);
    if (!contract) return this.retryForeign(row, body, options);
    checkOptions(contract.options, body.options ?? {}, at);
    const { input, newerStamp } =
      body.input === undefined
        ? retryInput(contract, retriedInput(row, contract), row.stamp ?? null, undefined)
        : { input: body.input, newerStamp: undefined };
    if (newerStamp !== undefined) return this.retryForeign(row, body, options);
    const handle = await this.client.submit(contract, input as SubmitInput<AnyContract>, options);
    if (!handle.submitted) return { handle, task: taskDocument(await this.reader.byPublicId(handle.id)) };
    this.metrics.submitted(contract.name);
    return { handle, task: taskDocument(submittedRow(handle.submitted, input, at)) };
  }

  /** A task of another Celery application, or of a contract newer than this gateway: its arguments are sent as they are. */
  private async retryForeign(
    row: TaskRow,
    body: RetryBody,
    options: SubmitOptions & { queue: string },
  ): Promise<RetriedTask> {
    if (body.input !== undefined && !isObject(body.input))
      throw new ProblemError('body_invalid', 'input: must be an object', {
        errors: [{ path: 'input', message: 'must be an object' }],
      });
    const again = body.input === undefined ? argumentsOf(row) : { kwargs: body.input };
    const stamp = body.input === undefined ? row.stamp : null;
    const handle = await this.client.submitForeign({ name: row.name, ...again, stamp }, options);
    const input = again.args ? null : (again.kwargs ?? {});
    return { handle, task: taskDocument(submittedRow(handle.submitted!, input, this.clock.now())) };
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** What a Celery program was or will be sent: by position with `args`, else by name alone. */
export function argumentsOf(row: TaskRow): Pick<StoredMessage, 'args' | 'kwargs'> {
  const stored = row.message as StoredMessage | null;
  if (stored?.observed)
    throw new ProblemError(
      'options_invalid',
      'it was only seen in the events of Celery, which tell no arguments: give the input',
    );
  return stored?.args
    ? { args: stored.args, kwargs: stored.kwargs }
    : { kwargs: (row.input ?? {}) as StoredMessage['kwargs'] };
}

/** The input as it was, also where a Celery program sent it by position: the contract knows the names. */
export function retriedInput(row: TaskRow, contract: AnyContract): unknown {
  if (row.input !== null) return row.input;
  const { args = [], kwargs } = argumentsOf(row);
  return {
    ...Object.fromEntries(args.map((value, i) => [contract.positional[i] ?? `argument ${i + 1}`, value])),
    ...kwargs,
  };
}
