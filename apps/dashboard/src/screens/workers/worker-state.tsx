import type { DeathCode, WorkerDocument, WorkerStatus } from '@lovage/http-api';
import { StateLabel, type Tone } from '../../ui/state-icon.tsx';

const LOOK: Readonly<Record<WorkerStatus, readonly [Tone, string]>> = {
  live: ['running', 'Live'],
  stopping: ['retry', 'Stopping'],
  dead: ['dead', 'Dead'],
  stopped: ['revoked', 'Stopped'],
};

/** Why a worker is taken for dead, in few words. */
export const DEATH_WORDS: Readonly<Record<DeathCode, string>> = {
  lease_ended: 'no longer renews its lease',
  lease_ended_stopping: 'killed while it was stopping',
  lease_taken_anew: 'goes on under another lease',
  removed: 'its row was removed',
  heartbeat_missed: 'its heartbeats no longer come',
};

export function WorkerStateLabel({ status }: Pick<WorkerDocument, 'status'>) {
  const [tone, words] = LOOK[status];
  return <StateLabel tone={tone}>{words}</StateLabel>;
}

/** Cores as a share of one: `12 %`, `240 %`. */
export function formatCpu(cores: number | null): string {
  return cores === null ? '–' : `${Math.round(cores * 100)} %`;
}

export function formatMemory(mib: number | null): string {
  return mib === null ? '–' : mib >= 10_240 ? `${(mib / 1_024).toFixed(1)} GiB` : `${mib} MiB`;
}
