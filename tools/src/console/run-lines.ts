import domain from 'node:domain';
import type { EventEmitter } from 'node:events';
import { createInterface } from 'node:readline';
import { Recoverable, type REPLServer } from 'node:repl';

/**
 * Gives a REPL the lines of a stream, each after the one before has come to its value, and prints the values.
 * Resolves to 0 at the end; to 1 after the first failure, which is printed on stderr.
 */
export async function runLines(server: REPLServer, input: NodeJS.ReadableStream): Promise<number> {
  const guard = await domainOf(server);
  let code = '';
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    const command = code === '' ? /^\.(\w+)(?!\w)(.*)$/.exec(line) : undefined;
    if (command) {
      if (command[1] === 'exit') return 0;
      if (!runCommand(server, command[1]!, command[2]!.trimStart())) return fail(`there is no command .${command[1]}`);
      continue;
    }
    code += `${line}\n`;
    const outcome = await evaluate(server, guard, code);
    if ('more' in outcome) continue;
    code = '';
    if ('error' in outcome) return fail(server.writer(outcome.error));
    if (outcome.value !== undefined) server.output.write(`${server.writer(outcome.value)}\n`);
  }
  return code.trim() === '' ? 0 : fail(`the input ends within: ${code.trim()}`);
}

type Outcome = { value: unknown } | { error: unknown } | { more: true };

function evaluate(server: REPLServer, guard: EventEmitter | undefined, code: string): Promise<Outcome> {
  return new Promise((resolve) => {
    // A rejected top-level await is told to the domain that a REPL evaluates in, and the callback is never called.
    guard?.removeAllListeners('error').on('error', (error: unknown) => resolve({ error }));
    server.eval(code, server.context, 'console', (error, value: unknown) => {
      if (error instanceof Recoverable) resolve({ more: true });
      else resolve(error ? { error } : { value });
    });
  });
}

/** Where a REPL evaluates; undefined where Node.js has given that up, and the callback gets every error. */
function domainOf(server: REPLServer): Promise<EventEmitter | undefined> {
  return new Promise((resolve) => {
    server.eval('0', server.context, 'console', () =>
      resolve((domain as { active?: EventEmitter }).active ?? undefined),
    );
  });
}

function runCommand(server: REPLServer, name: string, argument: string): boolean {
  const command = server.commands[name];
  command?.action.call(server, argument);
  return command !== undefined;
}

function fail(reason: string): number {
  process.stderr.write(`${reason}\n`);
  return 1;
}
