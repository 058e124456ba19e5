import type { Recovery } from '../count/recovery.ts';
import type { ChaosTaskCounts } from '../count/task-counts.ts';

/** Recovery within so long of the service's return. */
export const RECOVERY_BAR_MS = 10_000;
/** Of each kind, so many are named. */
const NAMED = 5;

export interface Judged {
  /** Tasks that had to be accepted. */
  readonly wanted: number;
  readonly counts: ChaosTaskCounts;
  readonly recovery: Recovery;
  /** Whether there was a return to recover from. */
  readonly returns: number;
  /** Apps that ended although nobody had killed them. */
  readonly ended: readonly string[];
  /** What is not as it should be once all is over. */
  readonly remains: readonly string[];
  /** What shows that the scenario took place. */
  readonly proof: string | undefined;
}

/** Every bar that was missed, in words. Empty: the platform has passed. */
export function judge({ wanted, counts, recovery, returns, ended, remains, proof }: Judged): string[] {
  const missed: string[] = [];
  const none = (what: string, found: readonly string[]): void => {
    if (found.length > 0) missed.push(`${found.length} ${what}: ${some(found)}`);
  };
  if (counts.accepted < wanted) missed.push(`only ${counts.accepted} of ${wanted} tasks were accepted`);
  none('lost', counts.lost);
  none('recorded twice', counts.recordedTwice);
  none('ended in another way than they should', counts.wrong);
  none('ended well and never ran', counts.neverRun);
  none('never ended, of submits that got no answer', counts.untoldOpen);
  none('apps ended that nobody had killed', ended);
  if (recovery.firstMs !== undefined && recovery.firstMs > RECOVERY_BAR_MS)
    missed.push(`recovery took ${(recovery.firstMs / 1000).toFixed(1)} s`);
  if (returns === 0 || recovery.firstMs === undefined)
    missed.push('nothing was recorded after the disturbance: recovery cannot be told');
  if (proof === undefined) missed.push('nothing shows that the disturbance took place');
  return [...missed, ...remains];
}

function some(found: readonly string[]): string {
  return found.slice(0, NAMED).join(', ') + (found.length > NAMED ? ', …' : '');
}
