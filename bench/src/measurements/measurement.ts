import type { BenchOptions } from '../cli/options.ts';
import type { ReportRow } from '../report/row.ts';
import type { Stand } from '../stand/stand.ts';

export interface Measurement {
  readonly name: string;
  /** One line for `--list`. */
  readonly about: string;
  run(context: Context): Promise<ReportRow[]>;
}

export interface Context {
  readonly stand: Stand;
  readonly options: BenchOptions;
  /** Tells the one who watches how far it is. */
  progress(text: string): void;
}
