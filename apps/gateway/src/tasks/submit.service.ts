import { Inject, Injectable } from '@nestjs/common';
import type { ForeignTask, LovageClient, SubmitOptions, TaskHandle } from '@lovage/client';
import type { SubmitBody, SubmitByNameBody, TaskDocument } from '@lovage/http-api';
import type { Clock, Log } from '@lovage/ports';
import { compileOptions, type AnyContract, type ContractRegistry, type SubmitInput } from '@lovage/task';
import { CLIENT, CLOCK, CONTRACTS, LOG } from '../deps.ts';
import { GatewayMetrics } from '../metrics/metrics.ts';
import { checkOptions } from './check-options.ts';
import { submittedRow, taskDocument } from './task-document.ts';
import { TaskReader } from './task-reader.ts';

const NO_DEFAULTS = compileOptions();

/** One request to submit, read and checked but for the input. */
export interface SubmitRequest {
  /** Undefined: no contract declares it here; then {@link foreign} is what to send. */
  readonly contract: AnyContract | undefined;
  /** A task that only workers of Celery serve, by its name there. */
  readonly foreign?: ForeignTask | undefined;
  readonly body: SubmitBody;
  readonly userId: string;
  readonly idempotencyKey: string | undefined;
  /** Somebody will wait for the end here. */
  readonly awaitReply: boolean;
}

/** Which task a request submits. */
export type TaskToSubmit = Pick<SubmitRequest, 'contract' | 'foreign' | 'body'>;

/** A task that was accepted. */
export interface Accepted {
  readonly handle: TaskHandle;
  readonly request: SubmitRequest;
  readonly input: unknown;
  readonly at: number;
}

/** As its row shows it: positional arguments have no names, and are no input. */
const inputOf = ({ args, kwargs = {} }: ForeignTask): unknown => (args?.length ? null : kwargs);

/** Submits tasks and tells what became of them. */
@Injectable()
export class SubmitService {
  constructor(
    @Inject(CLIENT) private readonly client: Pick<LovageClient, 'submit' | 'submitForeign'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
    private readonly reader: TaskReader,
    private readonly metrics: GatewayMetrics,
  ) {}

  /** Which task a body names: of a contract, or of Celery workers where it gives their arguments. @throws ContractUnknownError */
  byName({ name, args, kwargs, ...body }: SubmitByNameBody): TaskToSubmit {
    if (args === undefined && kwargs === undefined) return { contract: this.contracts.get(name), body };
    return { contract: undefined, foreign: { name, args, kwargs }, body };
  }

  /** Resolves once the task cannot be lost. @throws what LovageClient.submit throws; ProblemError `options_invalid` */
  async submit(request: SubmitRequest): Promise<Accepted> {
    const { contract, foreign, body, userId, idempotencyKey, awaitReply } = request;
    const input = foreign ? inputOf(foreign) : body.input === undefined ? {} : body.input;
    const at = this.clock.now();
    checkOptions(contract?.options ?? NO_DEFAULTS, body.options ?? {}, at);
    const options: SubmitOptions = { ...body.options, userId, awaitReply };
    if (idempotencyKey !== undefined) options.idempotencyKey = idempotencyKey;
    const handle = contract
      ? await this.client.submit(contract, input as SubmitInput<AnyContract>, options)
      : await this.client.submitForeign(foreign!, { ...options, queue: body.options!.queue! });
    // Names that no contract knows are anybody's: each would be a series of its own.
    if (handle.fresh && contract) this.metrics.submitted(contract.name);
    return { handle, request, input, at };
  }

  /** The task as it stands after the submit. */
  async current(accepted: Accepted): Promise<TaskDocument> {
    const { submitted } = accepted.handle;
    return submitted ? this.asSubmitted(accepted) : this.read(accepted);
  }

  /** The task once it has ended; undefined when it has not within the time, or `signal` cancelled the wait. */
  async ended(accepted: Accepted, wait: { timeoutMs: number; signal: AbortSignal }): Promise<TaskDocument | undefined> {
    const { handle, request } = accepted;
    try {
      if (request.contract?.options.record === 'none') return await this.endedUnrecorded(accepted, wait);
      const row = await handle.settled(wait);
      return row && taskDocument(row);
    } catch (error) {
      // The task is accepted, whatever becomes of the wait for it.
      if (!wait.signal.aborted)
        this.log.warn({ err: error, taskId: handle.id }, 'the wait for a task broke off; it goes on');
      return undefined;
    }
  }

  /** The task as it stands now, when the wait for its end was too short. */
  async later(accepted: Accepted): Promise<TaskDocument> {
    try {
      return await this.read(accepted);
    } catch (error) {
      if (!accepted.handle.submitted) throw error;
      return this.asSubmitted(accepted);
    }
  }

  private async read(accepted: Accepted): Promise<TaskDocument> {
    const row = await this.reader.find(accepted.handle.id);
    if (row) return taskDocument(row);
    // Its row is still to be written, or never will be (`record`).
    if (accepted.handle.submitted) return this.asSubmitted(accepted);
    return taskDocument(await this.reader.byPublicId(accepted.handle.id));
  }

  private asSubmitted({ handle, input, at }: Accepted): TaskDocument {
    return taskDocument(submittedRow(handle.submitted!, input, at));
  }

  /** A task that keeps no row: its end is known from the reply alone. */
  private async endedUnrecorded(
    accepted: Accepted,
    wait: { timeoutMs: number; signal: AbortSignal },
  ): Promise<TaskDocument | undefined> {
    const outcome = await accepted.handle.outcome(wait);
    if (!outcome || !accepted.handle.submitted) return undefined;
    const row = submittedRow(accepted.handle.submitted, accepted.input, accepted.at);
    const { state, result, error } = outcome;
    return taskDocument({ ...row, state, result, error, finishedAt: this.clock.now() });
  }
}
