import { bigintsFromJson } from './bigints.ts';
import type { AnyContract, Input, Output, Progress } from './contract.ts';
import { checkValue } from './check-value.ts';
import { InputInvalidError, OutputInvalidError } from './errors.ts';

/** The input as the handler gets it. @throws InputInvalidError with the path of each thing wrong (`input.x`), 100 at most. */
export function validateInput<C extends AnyContract>(contract: C, value: unknown): Input<C> {
  const checked = checkValue(contract.input, 'input', bigintsFromJson(contract.input, value));
  if (checked.issues) throw new InputInvalidError(contract.name, checked.issues);
  return checked.value as Input<C>;
}

/** @throws OutputInvalidError */
export function validateOutput<C extends AnyContract>(contract: C, value: unknown): Output<C> {
  const checked = checkValue(contract.output, 'output', value);
  if (checked.issues) throw new OutputInvalidError(contract.name, checked.issues);
  return checked.value as Output<C>;
}

/** @throws OutputInvalidError */
export function validateProgress<C extends AnyContract>(contract: C, value: unknown): Progress<C> {
  const checked = checkValue(contract.progress, 'progress', value);
  if (checked.issues) throw new OutputInvalidError(contract.name, checked.issues);
  return checked.value as Progress<C>;
}
