import { toError } from '@lovage/foundation';
import type { ContractStore, SeenSchema, WaitingInput } from '@lovage/ports';
import { acceptInput, breakingChanges, InputMisfitError, type AnyContract, type JsonSchema } from '@lovage/task';

/** Rows of one page: an input may have a mebibyte. */
const PAGE = 200;
/** Ids that are told of tasks that would fail alike. */
const EXAMPLES = 3;
/** Kinds of failure that are told of one contract. */
const MOST_KINDS = 20;
/** Schemas that were seen this long before the last one of their contract are of an earlier release, ms. */
const SAME_RELEASE_MS = 3_600_000;

/** Tasks that would end, or wait, for one reason. */
export interface FailingTasks {
  readonly reason: string;
  readonly count: number;
  readonly examples: readonly string[];
}

/** What a checkout would do to one contract. */
export interface ContractFinding {
  readonly name: string;
  /** Tasks that wait and were tried. */
  readonly waiting: number;
  /** Changes since the last release that old inputs would not survive. */
  readonly changes: readonly string[];
  readonly failing: readonly FailingTasks[];
}

/**
 * Compares the contracts of a checkout with what waits, by really migrating and validating each stored input, and with what workers served last.
 * Only contracts of which something would break are told.
 */
export async function checkContracts(
  contracts: readonly AnyContract[],
  store: Pick<ContractStore, 'seen' | 'waiting' | 'waitingInputs'>,
): Promise<ContractFinding[]> {
  const known = new Map(contracts.map((contract) => [contract.name, contract]));
  const served = lastServed(await store.seen());
  const waiting = new Map<string, number>();
  for (const { name, count } of await store.waiting()) waiting.set(name, (waiting.get(name) ?? 0) + count);
  const findings: ContractFinding[] = [];
  for (const name of [...new Set([...known.keys(), ...served.keys()])].sort()) {
    const contract = known.get(name);
    const last = served.get(name) ?? [];
    const count = waiting.get(name) ?? 0;
    if (!contract) {
      const reason = `no contract of this checkout has this name, and ${count} tasks wait: they would wait on`;
      if (count > 0) findings.push({ name, waiting: count, changes: [], failing: [{ reason, count, examples: [] }] });
      continue;
    }
    const changes = [...new Set(last.flatMap((schema) => changesOf(contract, schema)))];
    const failing = count === 0 ? [] : await failingOf(contract, store);
    if (changes.length > 0 || failing.length > 0) findings.push({ name, waiting: count, changes, failing });
  }
  return findings;
}

/** What of the contract breaks inputs that the last release has accepted. */
function changesOf(contract: AnyContract, { version, fingerprint, inputSchema }: SeenSchema): string[] {
  if (version > contract.version)
    return [`version ${version} was served, and this checkout has version ${contract.version}`];
  if (version === contract.version) {
    if (fingerprint === contract.fingerprint) return [];
    return breakingChanges(inputSchema as JsonSchema, contract.inputSchema).map(
      (change) => `${change} (raise the version to ${version + 1}, with a rule migrate: { ${version}: … })`,
    );
  }
  const missing = [];
  for (let from = version; from < contract.version; from += 1) if (!contract.migrations.has(from)) missing.push(from);
  return missing.map((from) => `version ${version} was served, and there is no rule migrate: { ${from}: … }`);
}

async function failingOf(contract: AnyContract, store: Pick<ContractStore, 'waitingInputs'>): Promise<FailingTasks[]> {
  const kinds = new Map<string, { count: number; examples: string[] }>();
  let after: string | undefined;
  for (;;) {
    const page = await store.waitingInputs(contract.name, { limit: PAGE, after });
    for (const waiting of page) {
      const reason = reasonNot(contract, waiting);
      if (reason === undefined) continue;
      const key = kinds.has(reason) || kinds.size < MOST_KINDS ? reason : 'for other reasons';
      const kind = kinds.get(key) ?? { count: 0, examples: [] };
      kinds.set(key, kind);
      kind.count += 1;
      if (kind.examples.length < EXAMPLES) kind.examples.push(waiting.id);
    }
    if (page.length < PAGE) break;
    after = page.at(-1)!.id;
  }
  return [...kinds].map(([reason, kind]) => ({ reason, ...kind })).sort((a, b) => b.count - a.count);
}

/** Why the task would not run; undefined: it would. */
function reasonNot(contract: AnyContract, waiting: WaitingInput): string | undefined {
  try {
    acceptInput(contract, inputOf(contract, waiting), waiting.stamp);
    return undefined;
  } catch (error) {
    const { message } = toError(error);
    const reason =
      error instanceof InputMisfitError && error.reason === 'newer' ? `it would wait: ${message}` : message;
    return reason.slice(0, 300);
  }
}

function inputOf(contract: AnyContract, { input, message }: WaitingInput): Record<string, unknown> {
  if (input !== null) return input as Record<string, unknown>;
  const { args = [], kwargs = {} } = (message ?? {}) as { args?: unknown[]; kwargs?: Record<string, unknown> };
  const named = args.map((value, i) => [contract.positional[i] ?? `argument ${i + 1}`, value] as const);
  return { ...Object.fromEntries(named), ...kwargs };
}

/** Of each contract the schemas of the last release: those seen last, and what was served beside them. */
function lastServed(seen: readonly SeenSchema[]): Map<string, SeenSchema[]> {
  const newest = new Map<string, number>();
  for (const { name, lastSeenAt } of seen) newest.set(name, Math.max(newest.get(name) ?? 0, lastSeenAt));
  const last = new Map<string, SeenSchema[]>();
  for (const schema of seen)
    if (schema.lastSeenAt >= newest.get(schema.name)! - SAME_RELEASE_MS)
      last.set(schema.name, [...(last.get(schema.name) ?? []), schema]);
  return last;
}

/** The findings as lines for a terminal. */
export function findingLines(findings: readonly ContractFinding[]): string[] {
  const lines: string[] = [];
  for (const { name, waiting, changes, failing } of findings) {
    const count = failing.reduce((sum, one) => sum + one.count, 0);
    lines.push(`${name}: ${count} of ${waiting} waiting tasks would not run`);
    for (const change of changes) lines.push(`  changed: ${change}`);
    for (const { reason, count: n, examples } of failing)
      lines.push(`  ${n} tasks: ${reason}${examples.length > 0 ? ` (${examples.join(', ')})` : ''}`);
  }
  return lines;
}
