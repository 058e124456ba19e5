import { parseArgs } from 'node:util';

export const PEERS = ['bullmq', 'bullmq-always', 'celery'] as const;
export type PeerName = (typeof PEERS)[number];

export interface BenchOptions {
  /** Measurements to run; empty: all. */
  readonly only: readonly string[];
  /** Where the figures go as JSON. */
  readonly json: string | undefined;
  readonly peers: readonly PeerName[];
  /** Only say what can be measured. */
  readonly list: boolean;
  /** How often each system runs, alternating with the others; the medians count. Default 3. */
  readonly rounds: number;
  /** Tasks of one run. Default 20,000. */
  readonly tasks: number;
  /** Seconds of a run that is paced: latency, gateway. Default 10. */
  readonly seconds: number;
  /** Also a million tasks through one worker, for its memory. */
  readonly million: boolean;
}

export const USAGE = `npm run bench -- [options]
  --only NAME      measure only this; may be repeated
  --list           what can be measured
  --peers A,B      also run ${PEERS.join(', ')} (bench/README.md says what they need)
  --json FILE      write every figure there
  --rounds N       runs of each system, alternating; default 3
  --tasks N        tasks of a run; default 20000
  --seconds N      length of paced runs; default 10
  --million        memory: also after 1,000,000 tasks`;

/** A command line that cannot be meant. */
export class BenchUsageError extends Error {}

/** @throws BenchUsageError */
export function parseOptions(argv: readonly string[], names: readonly string[]): BenchOptions {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string', multiple: true, default: [] },
        json: { type: 'string' },
        peers: { type: 'string', default: '' },
        list: { type: 'boolean', default: false },
        rounds: { type: 'string', default: '3' },
        tasks: { type: 'string', default: '20000' },
        seconds: { type: 'string', default: '10' },
        million: { type: 'boolean', default: false },
      },
    }));
  } catch (error) {
    throw new BenchUsageError((error as Error).message, { cause: error });
  }
  for (const name of values.only)
    if (!names.includes(name)) throw new BenchUsageError(`--only ${name}: there is ${names.join(', ')}`);
  const peers = values.peers.split(',').filter((name) => name !== '');
  for (const name of peers)
    if (!PEERS.includes(name as PeerName)) throw new BenchUsageError(`--peers ${name}: there is ${PEERS.join(', ')}`);
  return {
    only: values.only,
    json: values.json,
    peers: peers as PeerName[],
    list: values.list,
    rounds: count('rounds', values.rounds),
    tasks: count('tasks', values.tasks),
    seconds: count('seconds', values.seconds),
    million: values.million,
  };
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new BenchUsageError(`--${name} ${text}: a whole number from 1`);
  return value;
}
