import { uptime } from 'node:os';
import { clockOf } from '@lovage/celery';
import { RemoteControl } from '@lovage/client';
import { fieldOf } from '@lovage/foundation';
import type { Broker, Clock, Log } from '@lovage/ports';
import type { WorkerSteering } from '@lovage/runtime';
import type { LamportClock } from './lamport-clock.ts';

/** Ids of one answer, told or taken. */
const MAX_REVOKED = 20_000;
/** As Celery's workers wait for the answers of the others, ms. */
const ANSWERS_MS = 1000;

type Revokes = Pick<WorkerSteering['revokes'], 'ids' | 'tell'>;

export interface MingleDeps {
  /** Name of this node. */
  readonly node: string;
  readonly broker: Pick<Broker, 'openCeleryConsole'>;
  readonly revokes: Revokes;
  /** That of the node. */
  readonly time: LamportClock;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Asks the other nodes, when this one begins, which ids are revoked, and takes their logical time over: so a revoke that they were told of holds for a
 * worker that came later, too. It takes a second, in which tasks run already; what does not answer is not waited for.
 */
export class Mingle {
  private readonly control: RemoteControl;

  constructor(private readonly deps: MingleDeps) {
    this.control = new RemoteControl(deps);
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { node, revokes, time, log } = this.deps;
    try {
      const args = { from_node: node, revoked: revokedOf(revokes) };
      const answers = await this.control.ask({ method: 'hello', args, timeoutMs: ANSWERS_MS });
      for (const [from, answer] of answers) {
        const theirs = clockOf(fieldOf(answer, 'clock'));
        if (theirs !== undefined) time.adjust(theirs);
        if (from !== node) takeRevoked(revokes, fieldOf(answer, 'revoked'), from);
      }
      if (answers.size > 1)
        log.debug({ nodes: answers.size - 1, revoked: revokes.ids.length }, 'other workers were heard');
    } catch (error) {
      log.debug({ err: error }, 'the other workers could not be asked for what is revoked');
    } finally {
      await this.close();
    }
  }

  /** Idempotent. Answers that have not come yet are waited for no more. */
  async close(): Promise<void> {
    await this.control.close().catch(() => undefined);
  }
}

/** What another node tells of. Anyone who may publish to the broker may be it: it can revoke by the mailbox as well. */
export function takeRevoked(revokes: Revokes, revoked: unknown, from: string): void {
  if (typeof revoked !== 'object' || revoked === null || Array.isArray(revoked)) return;
  for (const id of Object.keys(revoked).slice(0, MAX_REVOKED))
    if (id !== '' && id.length <= 255) revokes.tell(id, { actor: 'celery', reason: `revoked before, as ${from} told` });
}

/** Ids and when they were told. Python wants a float; its clock counts from the start of the machine. */
export function revokedOf(revokes: Revokes): Readonly<Record<string, number>> {
  const at = uptime();
  return Object.fromEntries(revokes.ids.slice(-MAX_REVOKED).map((id) => [id, at % 1 === 0 ? at + 0.001 : at]));
}
