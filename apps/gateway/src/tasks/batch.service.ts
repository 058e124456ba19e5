import { Inject, Injectable } from '@nestjs/common';
import { BatchItem, PROBLEM_CODES, problemDocument, type BatchOutcome } from '@lovage/http-api';
import type { Log } from '@lovage/ports';
import type { ContractRegistry } from '@lovage/task';
import { CONTRACTS, LOG } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { problemOf } from '../problems/problem-of.ts';
import { SubmitService } from './submit.service.ts';

/** Submits many tasks at once: each is accepted or refused on its own. */
@Injectable()
export class BatchService {
  constructor(
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(LOG) private readonly log: Log,
    private readonly submits: SubmitService,
  ) {}

  /** Outcomes in the order of the tasks. Everything is sent before anything is waited for: one window of confirms. */
  async submit(tasks: readonly unknown[], userId: string): Promise<BatchOutcome[]> {
    const unforeseen: unknown[] = [];
    const outcomes = await Promise.all(
      tasks.map((task) => this.submitOne(task, userId).catch((error: unknown) => refused(error, unforeseen))),
    );
    if (unforeseen.length > 0)
      this.log.error({ err: unforeseen[0], tasks: unforeseen.length }, 'tasks of a batch failed unforeseen');
    return outcomes;
  }

  private async submitOne(given: unknown, userId: string): Promise<BatchOutcome> {
    const { name, ...body } = parseBody(BatchItem, given);
    const contract = this.contracts.get(name);
    const request = { contract, body, userId, idempotencyKey: undefined, awaitReply: false };
    const accepted = await this.submits.submit(request);
    const task = await this.submits.current(accepted);
    return { status: 202, task, ...(accepted.handle.earlier === 'unique' && { existing: 'unique' }) };
  }
}

function refused(error: unknown, unforeseen: unknown[]): BatchOutcome {
  const { code, detail, errors, taskId } = problemOf(error);
  if (code === 'internal_error') unforeseen.push(error);
  return {
    status: PROBLEM_CODES[code].status,
    problem: problemDocument(code, { detail, errors: [...errors], taskId }),
  };
}
