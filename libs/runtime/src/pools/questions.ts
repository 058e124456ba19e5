import { ContractUnknownError, type AnyContract } from '@lovage/task';
import type { TaskEntry } from '../entry.ts';
import type { SubmitChild } from '../run/task-run.ts';
import type { Steps } from '../run/once.ts';
import { StepsUnavailableError } from '../run/step-errors.ts';
import type { Question } from './protocol.ts';

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
    case 'submit': {
      const contract = answers.contract(question.contract);
      if (!contract) throw new ContractUnknownError(question.contract);
      if (!answers.submitChild) throw new Error('this worker was made without a way to submit tasks');
      const { id, facts } = entry;
      const parent = { id, rootId: facts.rootId ?? id, userId: facts.userId };
      return answers.submitChild(contract, question.input, parent, question.options);
    }
    case 'findStep':
      return stepsOf(answers).find(entry, question.key);
    case 'keepStep':
      return stepsOf(answers).keep(entry, question.key, question.value);
  }
}

function stepsOf({ steps }: Answers): Steps<TaskEntry> {
  if (!steps) throw new StepsUnavailableError('this worker was made without a store of steps');
  return steps;
}
