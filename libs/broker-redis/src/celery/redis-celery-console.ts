import { randomUUID } from 'node:crypto';
import { toError } from '@lovage/foundation';
import { Pauses, type CeleryConsole, type CeleryConsoleOptions, type Clock, type Log } from '@lovage/ports';
import type { RedisSession } from '../connection/session.ts';
import { bindingKey, boundMember, CONSOLES, controlChannel } from '../keys.ts';
import { readEnvelope, writeEnvelope } from '../wire/envelope.ts';
import { CONTROL, REPLIES } from './exchanges.ts';

/** Between two looks for answers, ms, while some are awaited. */
const LOOK_MS = 25;
/** Answers taken in one look: each may be large. */
const MAX_TAKEN = 20;

export interface RedisCeleryConsoleOptions extends CeleryConsoleOptions {
  readonly db: number;
  /** Undefined while the connection is away, or takes nothing. */
  readonly session: () => RedisSession | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Publishes requests of Celery's remote control, and reads their answers from a list, as kombu's clients do. The list is bound to the exchange of the
 * answers only while some are awaited, so a console that nobody uses leaves nothing in Redis.
 */
export class RedisCeleryConsole implements CeleryConsole {
  readonly address = randomUUID();
  private readonly queue = `${this.address}.${REPLIES}`;
  /** Answers are awaited until then, monotonic ms. */
  private until = -Infinity;
  private looking: Promise<void> | undefined;
  /** Over once it is closed. */
  private readonly pauses: Pauses;

  constructor(private readonly options: RedisCeleryConsoleOptions) {
    this.pauses = new Pauses(options.clock);
  }

  request(body: Buffer, headers: Readonly<Record<string, unknown>>, answersMs: number): boolean {
    const { db, clock, session, log } = this.options;
    const current = this.pauses.over ? undefined : session();
    if (!current) return false;
    const text = writeEnvelope(CONTROL, '', {
      ...{ body, headers, contentType: 'application/json', contentEncoding: 'utf-8' },
    });
    this.until = Math.max(this.until, clock.monotonic() + answersMs);
    const member = boundMember(this.address, this.queue);
    current.commands
      .lovageAsk(2, bindingKey(REPLIES), CONSOLES, ...[member, Math.ceil(answersMs), controlChannel(db), text])
      .catch((error: unknown) => log.debug({ err: toError(error) }, 'a request to workers was dropped'));
    this.looking ??= this.look();
    return true;
  }

  /** What was asked is answered no more. */
  async close(): Promise<void> {
    this.pauses.end();
    await this.looking;
  }

  /** Until no answer is awaited any more. Never rejects. */
  private async look(): Promise<void> {
    const { clock, session, log } = this.options;
    const isAwaited = (): boolean => !this.pauses.over && clock.monotonic() < this.until;
    do {
      while (isAwaited()) {
        try {
          if (await this.take(session())) continue;
        } catch (error) {
          log.debug({ err: toError(error) }, 'answers of workers could not be read; looking again');
        }
        await this.pauses.wait(LOOK_MS);
      }
      await this.unbind(session());
      // One that was asked for meanwhile has bound the list again.
    } while (isAwaited());
    this.looking = undefined;
  }

  /** Where it fails, the next console that asks does it. */
  private async unbind(session: RedisSession | undefined): Promise<void> {
    const member = boundMember(this.address, this.queue);
    await session?.commands
      .multi()
      .srem(bindingKey(REPLIES), member)
      .zrem(CONSOLES, member)
      .del(this.queue)
      .exec()
      .catch(() => undefined);
  }

  /** Whether more may wait. */
  private async take(session: RedisSession | undefined): Promise<boolean> {
    const texts = await session?.commands.rpop(this.queue, MAX_TAKEN);
    for (const raw of texts ?? []) {
      const { body, headers, contentType } = readEnvelope(raw);
      if (!this.pauses.over) this.options.onReply({ body, headers, contentType });
    }
    return texts?.length === MAX_TAKEN;
  }
}
