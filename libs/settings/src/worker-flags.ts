import { parseArgs } from 'node:util';
import { toError } from '@lovage/foundation';
import type { Reader } from './reader.ts';

export interface WorkerFlags {
  readonly queues?: string;
  readonly concurrency?: string;
  readonly pool?: string;
  readonly autoscale?: string;
  readonly 'prefetch-multiplier'?: string;
  readonly name?: string;
  readonly loglevel?: string;
}

/** The flags of a worker, as Celery's users know them: `-Q a,b -c 20 -n w1@host -l debug`. */
export function readWorkerFlags(argv: readonly string[], reader: Reader): WorkerFlags {
  try {
    const { values } = parseArgs({
      args: [...argv],
      strict: true,
      allowPositionals: false,
      options: {
        queues: { type: 'string', short: 'Q' },
        concurrency: { type: 'string', short: 'c' },
        pool: { type: 'string', short: 'P' },
        autoscale: { type: 'string' },
        'prefetch-multiplier': { type: 'string' },
        name: { type: 'string', short: 'n' },
        loglevel: { type: 'string', short: 'l' },
      },
    });
    return values;
  } catch (error) {
    reader.wrong(
      'the command line',
      JSON.stringify(argv.join(' ')),
      `made of -Q/--queues a,b  -c/--concurrency 20  -n/--name w1@host  -l/--loglevel info  -P/--pool process  --prefetch-multiplier 4  --autoscale 20,2 (${toError(error).message})`,
    );
    return {};
  }
}
