import type { LovageClient } from '@lovage/client';
import type { QueueScheduled } from './scheduled-tasks.ts';
import type { TaskWorker } from '@lovage/runtime';
import type { Settings } from '@lovage/settings';
import type { AnyContract } from '@lovage/task';
import type { EventSender } from './event-sender.ts';
import type { LamportClock } from './lamport-clock.ts';

/** Ids of one request. */
const MAX_IDS = 1000;

/** What the commands of the remote control work on. */
export interface CommandDeps {
  readonly node: string;
  readonly version: string;
  readonly settings: Settings;
  readonly worker: TaskWorker;
  readonly client: Pick<LovageClient, 'revoke'>;
  /** What it serves. */
  readonly contracts: readonly AnyContract[];
  /** Tasks for later of some queues. */
  readonly scheduled: QueueScheduled;
  readonly events: EventSender;
  readonly clock: LamportClock;
  /** Attempts begun, by the name of the task. */
  readonly totals: ReadonlyMap<string, number>;
  /** Asks the process for a stop in order; without it `shutdown` is refused. */
  readonly shutdown: (() => void) | undefined;
}

export type Args = Readonly<Record<string, unknown>>;
/** Returns what is answered: JSON, undefined for `null`. Whatever it throws is answered as an error. */
export type Command = (args: Args) => unknown;

/** A request cannot be done; its text is the answer. */
export class ControlRefusal extends Error {}

/** One id or a list of them. @throws ControlRefusal */
export function idsOf(given: unknown): readonly string[] {
  const ids = Array.isArray(given) ? (given as unknown[]) : [given];
  if (ids.length > MAX_IDS) throw new ControlRefusal(`more than ${MAX_IDS} ids`);
  if (!ids.every((id) => typeof id === 'string' && id !== '' && id.length <= 255))
    throw new ControlRefusal('an id is no text of 1 to 255 characters');
  return ids as string[];
}

/** @throws ControlRefusal */
export function textOf(args: Args, name: string): string {
  const value = args[name];
  if (typeof value !== 'string' || value === '' || value.length > 255)
    throw new ControlRefusal(`${name}: a text of 1 to 255 characters is needed`);
  return value;
}

/** null and undefined: not given. @throws ControlRefusal */
export function optionalTextOf(args: Args, name: string): string | undefined {
  return args[name] === undefined || args[name] === null || args[name] === '' ? undefined : textOf(args, name);
}

/** Python's clients send what is typed on a command line: numbers, and texts of numbers. null and undefined: not given. @throws ControlRefusal */
export function numberOf(args: Args, name: string): number | undefined {
  const value = args[name];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw new ControlRefusal(`${name}: no number`);
  return number;
}
