// npm run bench: what Lovage does on this machine, beside what could be done at most.
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { parseOptions, USAGE, BenchUsageError, type BenchOptions } from './cli/options.ts';
import { MEASUREMENTS } from './measurements/all.ts';
import { judge, type ReportRow } from './report/row.ts';
import { table } from './report/table.ts';
import { openStand } from './stand/stand.ts';
import { whenParentEnds } from '@lovage/processes';

const names = MEASUREMENTS.map(({ name }) => name);
try {
  const options = parseOptions(process.argv.slice(2), names);
  if (options.list) for (const { name, about } of MEASUREMENTS) console.log(`${name.padEnd(12)} ${about}`);
  else process.exitCode = await bench(options);
} catch (error) {
  if (!(error instanceof BenchUsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

/** @returns the exit code: 1 when a bar is missed */
async function bench(options: BenchOptions): Promise<number> {
  const chosen = MEASUREMENTS.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const rows: ReportRow[] = [];
  await using stand = await openStand(process.env);
  // Asked to stop: what it made goes. The processes that it started are killed with it.
  const end = (): void => void Promise.resolve(stand[Symbol.asyncDispose]()).finally(() => process.exit(130));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  if (process.env['npm_lifecycle_event'] !== undefined) whenParentEnds(end);
  for (const measurement of chosen) {
    console.error(`${measurement.name}: ${measurement.about}`);
    const progress = (text: string): void => console.error(`  ${text}`);
    rows.push(...(await measurement.run({ stand, options, progress })));
  }
  console.log(`\n${table(rows)}\n`);
  const missed = rows.filter((row) => judge(row).met === false);
  if (missed.length > 0) console.log(`missed: ${missed.map(({ name }) => name).join('; ')}`);
  if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report(options, rows), null, 2)}\n`);
  return missed.length > 0 ? 1 : 0;
}

function report(options: BenchOptions, rows: readonly ReportRow[]): unknown {
  return {
    at: new Date().toISOString(),
    node: process.version,
    machine: { cores: cpus().length, cpu: cpus()[0]?.model, memoryMb: Math.round(totalmem() / 1024 ** 2) },
    options,
    rows: rows.map((row) => ({ ...row, ...judge(row) })),
  };
}
