import type { RetentionRules } from '@lovage/ports';
import { TERMINAL_STATES, type AnyContract, type CompiledRetention, type TerminalState } from '@lovage/task';
import type { TasksOptions } from '../options.ts';

/** The settings and the contracts that say otherwise, as one set of rules. */
export function retentionRules(
  { retentionMs, retentionByState }: TasksOptions['results'],
  contracts: readonly AnyContract[],
): RetentionRules {
  const byState = Object.fromEntries(TERMINAL_STATES.map((state) => [state, retentionByState[state] ?? retentionMs]));
  const byName = new Map<string, CompiledRetention>();
  for (const { name, options } of contracts) if (options.retention) byName.set(name, options.retention);
  return { byState: byState as Record<TerminalState, number>, byName };
}
