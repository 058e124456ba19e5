import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import repl, { type REPLServer } from 'node:repl';
import { PassThrough } from 'node:stream';
import { inspect } from 'node:util';
import { LovageClient } from '@lovage/client';
import type { AnyContract } from '@lovage/task';
import type { Families } from './families.ts';
import { runLines } from './run-lines.ts';

export interface ConsoleOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** What can be used by name. */
  readonly scope: { readonly lovage: LovageClient; readonly families: Families } & Readonly<Record<string, unknown>>;
  readonly contracts: readonly AnyContract[];
  /** Where the history is kept. */
  readonly dataDir: string;
  /** Said first, to a person. */
  readonly banner: string;
}

/**
 * A console with `await`, the typed client in scope, completion and a history. From a pipe it runs what it is given, line
 * after line, and prints the values and nothing else.
 * Resolves at the end of the input to the exit code: 1 when what came through a pipe failed, which ends it.
 */
export async function runConsole(options: ConsoleOptions): Promise<number> {
  const { input, output, banner } = options;
  const interactive = input.isTTY === true;
  if (interactive) output.write(banner);
  const server = repl.start({
    // A REPL does not wait for one line from a pipe before it takes the next: the pipe is read by us.
    input: interactive ? input : new PassThrough(),
    output,
    terminal: interactive,
    prompt: interactive ? 'lovage> ' : '',
    ignoreUndefined: true,
    // Ctrl-C gives up an `await` that takes too long.
    breakEvalOnSigint: interactive,
    writer: (value) => shown(value, interactive && output.hasColors()),
  });
  fillScope(server, options);
  if (!interactive) return runLines(server, input);
  await keepHistory(server, options.dataDir);
  await new Promise<void>((resolve) => server.once('exit', resolve));
  return 0;
}

function fillScope(server: REPLServer, { scope, contracts }: ConsoleOptions): void {
  const { families, ...others } = scope;
  for (const [name, value] of Object.entries({ ...others, ...families }))
    Object.defineProperty(server.context, name, { value, enumerable: true, configurable: true, writable: false });
  server.defineCommand('tasks', {
    help: 'List the tasks that can be called',
    action() {
      const width = Math.max(...contracts.map(({ name }) => name.length));
      for (const { name, summary, positional } of [...contracts].sort((a, b) => (a.name < b.name ? -1 : 1)))
        server.output.write(`  ${name.padEnd(width)}  { ${positional.join(', ')} }  ${summary ?? ''}\n`);
      server.displayPrompt();
    },
  });
}

/** The client has half the platform inside; nobody wants to see that. */
function shown(value: unknown, colors: boolean): string {
  return value instanceof LovageClient ? '[LovageClient]' : inspect(value, { colors, depth: 6 });
}

function keepHistory(server: REPLServer, dataDir: string): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // Without a file that can be written the console works all the same; the REPL says so itself.
  return new Promise((resolve) => server.setupHistory(join(dataDir, 'console-history'), () => resolve()));
}
