import type { z } from 'zod';
import { bigintsFromJson } from './bigints.ts';
import type { AnyContract, Input, Output, Progress } from './contract.ts';
import { InputInvalidError, OutputInvalidError, type Issue } from './errors.ts';

/** The input as the handler gets it. @throws InputInvalidError with the path of each thing wrong (`input.x`). */
export function validateInput<C extends AnyContract>(contract: C, value: unknown): Input<C> {
  const parsed = contract.input.safeParse(bigintsFromJson(contract.input, value));
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
  return issuesAt([root], error.issues);
}

function issuesAt(above: readonly PropertyKey[], issues: readonly z.core.$ZodIssue[]): Issue[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...issue.path];
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ path: [...path, key].map(String).join('.'), message: 'unknown field' }));
    const meant = issue.code === 'invalid_union' ? meantOption(issue.errors) : undefined;
    return meant ? issuesAt(path, meant) : [{ path: path.map(String).join('.'), message: issue.message }];
  });
}

/** Of the options of a union the one that the value was meant for: the only one whose kind it has. */
function meantOption(options: readonly z.core.$ZodIssue[][]): readonly z.core.$ZodIssue[] | undefined {
  const ofItsKind = options.filter(
    (issues) =>
      !issues.some(({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value')),
  );
  return ofItsKind.length === 1 && ofItsKind[0]!.length > 0 ? ofItsKind[0] : undefined;
}
