import { parseArgs } from 'node:util';
import { closest } from '@lovage/foundation';

export interface ChaosOptions {
  /** Names of scenarios; empty: all. */
  readonly scenarios: readonly string[];
  readonly tasks: number;
  readonly json: string | undefined;
  readonly list: boolean;
  /** Folder of logs and data, kept; undefined: one that is removed when all passed. */
  readonly keep: string | undefined;
}

/** What the command line asks for cannot be done; the message says what can. */
export class ChaosUsageError extends Error {}

const DEFAULT_TASKS = 20_000;
const MAX_TASKS = 1_000_000;

/** @throws ChaosUsageError */
export function readOptions(argv: readonly string[], known: readonly string[]): ChaosOptions {
  const values = parse(argv);
  const scenarios = values.scenario ?? [];
  for (const name of scenarios) {
    if (known.includes(name)) continue;
    const near = closest(name, known);
    throw new ChaosUsageError(
      `no scenario ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean ${near}?`} (--list names them all)`,
    );
  }
  const tasks = values.tasks === undefined ? DEFAULT_TASKS : Number(values.tasks);
  if (!Number.isInteger(tasks) || tasks < 1 || tasks > MAX_TASKS)
    throw new ChaosUsageError(
      `--tasks must be a whole number from 1 to ${MAX_TASKS}, not ${JSON.stringify(values.tasks)}`,
    );
  return { scenarios, tasks, json: values.json, list: values.list ?? false, keep: values.keep };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      strict: true,
      allowPositionals: false,
      options: {
        scenario: { type: 'string', multiple: true },
        tasks: { type: 'string' },
        json: { type: 'string' },
        list: { type: 'boolean' },
        keep: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new ChaosUsageError(
      `${(error as Error).message}\nusage: npm run chaos -- [--scenario NAME]… [--tasks N] [--json FILE] [--keep FOLDER] [--list]`,
      { cause: error },
    );
  }
}
