import { ContractUnknownError, type AnyContract } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { SubmitChild } from '../run/task-run.ts';
import type { Steps } from '../run/once.ts';
import { StepsUnavailableError } from '../run/step-errors.ts';
import { toWire } from './error-wire.ts';
import type { ChildAnswer, ChildSubmit, Question } from './protocol.ts';

/** What a worker needs to answer its children. */
export interface Answers {
  readonly submitChild: SubmitChild | undefined;
  readonly steps?: Steps<TaskEntry>;
  /** Contracts that handlers may submit. */
  readonly contract: (name: string) => AnyContract | undefined;
}

/** The worker's answer to what a task's handler asks from within a child. */
export async function answer(entry: TaskEntry, question: Question, answers: Answers): Promise<unknown> {
  switch (question.kind) {
    case 'submit':
      // All at once, so that they share their batches; each with an answer of its own.
      return Promise.all(question.tasks.map((task) => submitOne(entry, task, answers)));
    case 'findStep':
      return stepsOf(answers).find(entry, question.key);
    case 'keepStep':
      return stepsOf(answers).keep(entry, question.key, question.value);
  }
}

async function submitOne(entry: TaskEntry, task: ChildSubmit, answers: Answers): Promise<ChildAnswer> {
  try {
    const contract = answers.contract(task.contract);
    if (!contract) throw new ContractUnknownError(task.contract);
    if (!answers.submitChild) throw new Error('this worker was made without a way to submit tasks');
    const { id, newTask } = entry;
    const parent = { id, rootId: newTask.rootId ?? id, userId: newTask.userId };
    return { submitted: await answers.submitChild(contract, task.input, parent, task.options) };
  } catch (error) {
    return { error: toWire(error) };
  }
}

function stepsOf({ steps }: Answers): Steps<TaskEntry> {
  if (!steps) throw new StepsUnavailableError('this worker was made without a store of steps');
  return steps;
}
