import { toError } from '@lovage/foundation';
import type { AnyContract } from '../contract.ts';
import { InputInvalidError, InputMisfitError } from '../errors.ts';
import type { Issue } from '../issue.ts';
import { validateInput } from '../validate.ts';
import { readStamp, type Stamp, type StampParts } from './stamp.ts';

/** No message of a migration is told longer than this. */
const MAX_REASON = 500;

/**
 * An input that may have been made for another version of the contract, as this version's submit would take it: migrated where its
 * version is older, checked by the schema, not parsed. What fits as it is comes back as the same object.
 *
 * | made for | what happens |
 * |---|---|
 * | this version and schema | checked |
 * | a newer version | a misfit: its meaning is not known here |
 * | an older version | migrated step by step, then checked; a misfit where a rule is missing, throws, or leads to what does not fit |
 * | this version, another schema | checked as it is; a misfit where it does not fit |
 * | not stated                | checked as it is; where it does not fit, a misfit if the contract is past version 1: it may be older |
 *
 * @throws InputInvalidError it never fitted: made by this schema, or nobody said by which.
 * @throws InputMisfitError it was made for another version or schema.
 */
export function acceptInput(
  contract: AnyContract,
  input: Readonly<Record<string, unknown>>,
  stamp: Stamp | null,
): Readonly<Record<string, unknown>> {
  if (stamp === contract.stamp) return checked(contract, input);
  const made = stamp === null ? undefined : readStamp(stamp);
  if (!made) return acceptUnstated(contract, input);
  if (made.version > contract.version)
    throw misfit(contract, made, 'newer', [
      { path: 'input', message: `made for version ${made.version}; here is version ${contract.version}` },
    ]);
  let migrated = input;
  for (let from = made.version; from < contract.version; from += 1) {
    const step = contract.migrations.get(from);
    if (!step)
      throw misfit(contract, made, 'no_rule', [
        {
          path: 'input',
          message: `made for version ${made.version}; there is no rule from version ${from} to ${from + 1}`,
        },
      ]);
    try {
      migrated = migratedBy(step, migrated);
    } catch (thrown) {
      const reason = `the rule from version ${from} to ${from + 1} failed: ${reasonOf(thrown)}`;
      throw misfit(contract, made, 'rule_failed', [{ path: 'input', message: reason }], thrown);
    }
  }
  try {
    return checked(contract, migrated);
  } catch (error) {
    if (!(error instanceof InputInvalidError)) throw error;
    throw misfit(contract, made, made.version < contract.version ? 'rule_failed' : 'other_schema', error.issues);
  }
}

/** No rule is tried on it: one that gets what it was not written for makes something of it all the same. */
function acceptUnstated(
  contract: AnyContract,
  input: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  try {
    return checked(contract, input);
  } catch (error) {
    if (contract.version === 1 || !(error instanceof InputInvalidError)) throw error;
    throw misfit(contract, null, 'unstated', error.issues);
  }
}

function checked(contract: AnyContract, input: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  validateInput(contract, input);
  return input;
}

function migratedBy(
  step: (old: Readonly<Record<string, unknown>>) => unknown,
  input: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  // A copy: a rule that writes into what it was given would change the input that is kept.
  const migrated = step(structuredClone(input));
  if (typeof migrated !== 'object' || migrated === null || Array.isArray(migrated))
    throw new TypeError('it answered no object');
  return migrated as Readonly<Record<string, unknown>>;
}

function misfit(
  contract: AnyContract,
  made: StampParts | null,
  reason: InputMisfitError['reason'],
  issues: readonly Issue[],
  cause?: unknown,
): InputMisfitError {
  return new InputMisfitError(contract.name, issues, { madeFor: made, here: contract.stamp, reason }, cause);
}

function reasonOf(thrown: unknown): string {
  try {
    const { name, message } = toError(thrown);
    return `${name}: ${message}`.slice(0, MAX_REASON);
  } catch {
    return 'it threw what cannot be read';
  }
}
