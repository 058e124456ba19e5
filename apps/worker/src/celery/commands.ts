import type { Command, CommandDeps } from './command.ts';
import { controlCommands } from './control-commands.ts';
import { inspectCommands } from './inspect-commands.ts';

/** The commands of Celery's remote control that this worker answers, by name. */
export function commandsOf(deps: CommandDeps): ReadonlyMap<string, Command> {
  return new Map([...inspectCommands(deps), ...controlCommands(deps)]);
}
