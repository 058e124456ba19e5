import { Batcher, toError, type LovageError } from '@lovage/foundation';
import {
  BrokerUnavailableError,
  ConfirmLostError,
  PublishRefusedError,
  UnroutableError,
  type OutgoingMessage,
} from '@lovage/ports';
import { isAnswer, isFull, isReplica } from '../connection/redis-errors.ts';
import type { RedisSession } from '../connection/session.ts';
import { bindingKey, checkUsed, listsOf, placeOf, SESSIONS, wakeChannel } from '../keys.ts';
import { writeEnvelope } from '../wire/envelope.ts';

type Outcome = LovageError | undefined;

interface Ready {
  readonly queue: string;
  readonly place: number;
  readonly text: string;
}

/** Bytes of one script call: Redis serves nobody else meanwhile. */
const CALL_BYTES = 1024 * 1024;
/** Queues whose names are remembered. */
const MAX_USED = 10_000;
/** Messages of one script call. */
const CALL_SIZE = 200;

export interface RedisPublisherOptions {
  readonly db: number;
  readonly session: () => RedisSession | undefined;
  /** Why the server takes no messages now. */
  readonly full: () => string | undefined;
  readonly onFull: (reason: string) => void;
  readonly maxMessageBytes: number;
  /** Queues whose messages wait in one list, whatever their priority. */
  readonly celeryQueues: ReadonlySet<string>;
}

/** Stores messages, many to a script call; each is confirmed once Redis has answered that call. */
export class RedisPublisher {
  private readonly batcher: Batcher<Ready, Outcome>;
  private readonly usedQueues = new Set<string>();

  constructor(private readonly options: RedisPublisherOptions) {
    // Redis answers in order: there is nothing to gain by holding a batch back until the one before it is answered.
    this.batcher = new Batcher({ maxSize: CALL_SIZE, concurrency: 1000, flush: (items) => this.flush(items) });
  }

  /** As `Broker.publish`. */
  async publish(message: OutgoingMessage): Promise<void> {
    this.checkOpen();
    const outcome = await this.batcher.add(this.prepare(message));
    if (outcome) throw outcome;
  }

  /** Queues that took messages of this process. */
  get used(): ReadonlySet<string> {
    return this.usedQueues;
  }

  /** It is not to be there again. */
  forget(queue: string): void {
    this.usedQueues.delete(queue);
  }

  idle(): Promise<void> {
    return this.batcher.idle();
  }

  private checkOpen(): void {
    if (!this.options.session()) throw unavailable();
    const full = this.options.full();
    if (full !== undefined) throw new BrokerUnavailableError(`Redis takes no messages now: ${full}; nothing was sent`);
  }

  private prepare(message: OutgoingMessage): Ready {
    const { queue, body, priority } = message;
    checkUsed(queue);
    if (body.length > this.options.maxMessageBytes)
      throw new PublishRefusedError(
        `the message has ${body.length} bytes, the broker takes ${this.options.maxMessageBytes}: keep large data elsewhere and send a reference`,
      );
    try {
      const place = this.options.celeryQueues.has(queue) ? 0 : placeOf(priority);
      return { queue, place, text: writeEnvelope('', queue, message as WrittenMessage) };
    } catch (error) {
      throw new PublishRefusedError('the headers cannot be written as JSON', { cause: error });
    }
  }

  private async flush(items: readonly Ready[]): Promise<Outcome[]> {
    const session = this.options.session();
    // The connection may have gone while they waited: nothing is kept for later.
    if (!session) return items.map(unavailable);
    const outcomes = new Map<Ready, Outcome>();
    await Promise.all(
      calls(items).map(async (call) => {
        const outcome = await this.store(session, call);
        for (const item of call) outcomes.set(item, outcome);
      }),
    );
    return items.map((item) => outcomes.get(item));
  }

  /** A server that knows this session no more has forgotten all: what is missing there was not deleted. */
  private async explainMissing(session: RedisSession, queue: string): Promise<LovageError> {
    if ((await session.commands.zscore(SESSIONS, session.id)) !== null) return new UnroutableError(queue);
    session.end(new Error('Redis has forgotten this session'));
    return new BrokerUnavailableError('Redis has forgotten what it held; nothing was stored: try again later');
  }

  private async store(session: RedisSession, call: readonly Ready[]): Promise<Outcome> {
    const { queue } = call[0]!;
    const texts: string[][] = [[], [], [], []];
    for (const { place, text } of call) texts[place]!.push(text);
    try {
      const found = await session.commands.lovagePublish(
        5,
        ...[bindingKey(queue), ...listsOf(queue)],
        ...[wakeChannel(this.options.db, queue), ...texts.map(({ length }) => length), ...texts.flat()],
      );
      if (found !== 1) return await this.explainMissing(session, queue);
      if (this.usedQueues.size < MAX_USED) this.usedQueues.add(queue);
      return undefined;
    } catch (error) {
      if (isFull(error)) this.options.onFull(toError(error).message);
      if (isReplica(error)) session.end(toError(error));
      return explain(error);
    }
  }
}

type WrittenMessage = OutgoingMessage & { readonly priority: number | undefined };

/** Those of one queue together, in their order, within the bounds of a call. */
function calls(items: readonly Ready[]): Ready[][] {
  const open = new Map<string, { items: Ready[]; bytes: number }>();
  const done: Ready[][] = [];
  for (const item of items) {
    let call = open.get(item.queue);
    if (!call || call.bytes + item.text.length > CALL_BYTES) {
      call = { items: [], bytes: 0 };
      open.set(item.queue, call);
      done.push(call.items);
    }
    call.items.push(item);
    call.bytes += item.text.length;
  }
  return done;
}

function unavailable(): BrokerUnavailableError {
  return new BrokerUnavailableError('the broker (Redis) is away; nothing was sent: try again later');
}

function explain(error: unknown): LovageError {
  const { message } = toError(error);
  if (!isAnswer(error))
    return new ConfirmLostError('the connection broke before the confirm: the message may be stored or not', {
      cause: error,
    });
  if (/WRONGTYPE/.test(message))
    return new PublishRefusedError(`another program keeps a key of this name in Redis: ${message}`, { cause: error });
  if (/OOM |READONLY|LOADING|BUSY|MISCONF|MASTERDOWN|NOREPLICAS|NOPERM/.test(message))
    return new BrokerUnavailableError(`Redis takes no messages now: ${message}; nothing was stored`, { cause: error });
  return new PublishRefusedError(`Redis refused the message: ${message}`, { cause: error });
}
