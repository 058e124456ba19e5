import type { z } from 'zod';
import type { AnyContract, Input, Output, Progress } from './contract.ts';
import { InputInvalidError, OutputInvalidError, type Issue } from './errors.ts';

/** The input as the handler gets it. @throws InputInvalidError with the path of each thing wrong (`input.x`). */
export function validateInput<C extends AnyContract>(contract: C, value: unknown): Input<C> {
  const parsed = contract.input.safeParse(value);
  if (!parsed.success) throw new InputInvalidError(contract.name, issuesOf('input', parsed.error));
  return parsed.data as Input<C>;
}

/** @throws OutputInvalidError */
export function validateOutput<C extends AnyContract>(contract: C, value: unknown): Output<C> {
  const parsed = contract.output.safeParse(value);
  if (!parsed.success) throw new OutputInvalidError(contract.name, issuesOf('output', parsed.error));
  return parsed.data as Output<C>;
}

/** @throws OutputInvalidError */
export function validateProgress<C extends AnyContract>(contract: C, value: unknown): Progress<C> {
  const parsed = contract.progress.safeParse(value);
  if (!parsed.success) throw new OutputInvalidError(contract.name, issuesOf('progress', parsed.error));
  return parsed.data as Progress<C>;
}

/**
 * What zod found wrong, one issue for each place. `root` names the value that was checked.
 */
export function issuesOf(root: string, error: z.ZodError): Issue[] {
  return error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [root, ...issue.path, key].join('.'), message: 'unknown field' }))
      : [{ path: [root, ...issue.path].map(String).join('.'), message: issue.message }],
  );
}
