import { prepareRow } from '@lovage/client';
import { SubmitOptionsBody, type ContractCheckBody } from '@lovage/http-api';
import { checkValue, validateInput, type AnyContract, type Issue } from '@lovage/task';
import { problemOf } from '../problems/problem-of.ts';
import { checkOptions } from '../tasks/check-options.ts';

/** All that a submit of this would be refused for, in the words of the refusal. Nothing is sent and nothing is kept. */
export function checkSubmit(contract: AnyContract, body: ContractCheckBody, now: number): Issue[] {
  const input = body.input === undefined ? {} : body.input;
  const checked = checkValue(SubmitOptionsBody, 'options', body.options ?? {});
  const ofOptions = checked.issues ?? issuesOf(() => checkOptions(contract.options, checked.value, now));
  const ofInput = issuesOf(() => validateInput(contract, input));
  // What neither schema can say: numbers that JSON does not carry, names of queues that are kept.
  const options = checked.issues || ofOptions.length > 0 ? {} : checked.value;
  const ofBoth = ofInput.length > 0 ? [] : issuesOf(() => prepareRow(contract, input, options, now));
  return [...ofInput, ...ofOptions, ...ofBoth];
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
