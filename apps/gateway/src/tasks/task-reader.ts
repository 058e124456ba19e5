import { Inject, Injectable } from '@nestjs/common';
import { taskIdOf } from '@lovage/celery';
import type { Clock, TaskRow, TaskStore } from '@lovage/ports';
import { CLOCK, TASKS } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { ProblemError } from '../problems/problem-error.ts';

/** Reads tasks. */
@Injectable()
export class TaskReader {
  constructor(
    @Inject(TASKS) private readonly tasks: Pick<TaskStore, 'get'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** By what a person or a Celery program calls the task. @throws ProblemError `task_unknown` */
  async byPublicId(text: string): Promise<TaskRow> {
    const row = await this.find(taskIdOf(text));
    if (row) return row;
    throw taskUnknown(text);
  }

  find(id: string): Promise<TaskRow | undefined> {
    return withinDeadline(this.clock, this.tasks.get(id));
  }
}

export function taskUnknown(text: string): ProblemError {
  return new ProblemError(
    'task_unknown',
    `no task ${JSON.stringify(text)} is recorded: it never was, it was deleted by age, or its contract does not record it (yet)`,
  );
}
