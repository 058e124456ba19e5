import { Inject, Injectable } from '@nestjs/common';
import { fitText } from '@lovage/foundation';
import { BatchItem, PROBLEM_CODES, problemDocument, type BatchItemOutcome } from '@lovage/http-api';
import type { Log } from '@lovage/ports';
import { MAX_ISSUES } from '@lovage/task';
import { LOG } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { problemOf } from '../problems/problem-of.ts';
import { SubmitService } from './submit.service.ts';

/** Details of all refused tasks together, characters; beyond it each is cut to a short one. */
const MAX_DETAILS = 16_000;
const SHORT_DETAIL = 200;

/** Submits many tasks at once: each is accepted or refused on its own. */
@Injectable()
export class BatchService {
  constructor(
    @Inject(LOG) private readonly log: Log,
    private readonly submits: SubmitService,
  ) {}

  /** Outcomes in the order of the tasks. Everything is sent before anything is waited for: one window of confirms. */
  async submit(tasks: readonly unknown[], userId: string): Promise<BatchItemOutcome[]> {
    const unforeseen: unknown[] = [];
    const room = { issues: MAX_ISSUES, characters: MAX_DETAILS };
    const outcomes = await Promise.all(
      tasks.map((task) => this.submitOne(task, userId).catch((error: unknown) => refused(error, unforeseen, room))),
    );
    if (unforeseen.length > 0)
      this.log.error({ err: unforeseen[0], tasks: unforeseen.length }, 'tasks of a batch failed unforeseen');
    return outcomes;
  }

  private async submitOne(given: unknown, userId: string): Promise<BatchItemOutcome> {
    const submit = this.submits.byName(parseBody(BatchItem, given));
    const request = { ...submit, userId, idempotencyKey: undefined, awaitReply: false };
    const accepted = await this.submits.submit(request);
    const task = await this.submits.current(accepted);
    return { status: 202, task, ...(accepted.handle.earlier === 'unique' && { existing: 'unique' }) };
  }
}

/** What the answer still has room for, so that a body of many wrong tasks does not get many times as much back. */
interface Room {
  issues: number;
  characters: number;
}

function refused(error: unknown, unforeseen: unknown[], room: Room): BatchItemOutcome {
  const { code, detail, errors: all, taskId } = problemOf(error);
  const errors = all.slice(0, room.issues);
  room.issues -= errors.length;
  const said = fitText(detail, Math.max(room.characters, SHORT_DETAIL));
  room.characters -= said.length;
  if (code === 'internal_error') unforeseen.push(error);
  return {
    status: PROBLEM_CODES[code].status,
    problem: problemDocument(code, { detail: said, errors, taskId }),
  };
}
