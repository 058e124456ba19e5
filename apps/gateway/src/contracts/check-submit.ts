import { SubmitOptionsBody, type ContractCheckBody } from '@lovage/http-api';
import { checkValue, validateInput, type AnyContract, type Issue } from '@lovage/task';
import { problemOf } from '../problems/problem-of.ts';
import { checkOptions } from '../tasks/check-options.ts';

/** All that a submit of this would be refused for, in the words of the refusal. Nothing is sent and nothing is kept. */
export function checkSubmit(contract: AnyContract, { input, options }: ContractCheckBody, now: number): Issue[] {
  const checked = checkValue(SubmitOptionsBody, 'options', options ?? {});
  return [
    ...issuesOf(() => validateInput(contract, input === undefined ? {} : input)),
    ...(checked.issues ?? issuesOf(() => checkOptions(contract, checked.value, now))),
  ];
}

/** @throws whatever is thrown that says nothing of the request. */
function issuesOf(check: () => unknown): readonly Issue[] {
  try {
    check();
    return [];
  } catch (error) {
    const { errors } = problemOf(error);
    if (errors.length === 0) throw error;
    return errors;
  }
}
