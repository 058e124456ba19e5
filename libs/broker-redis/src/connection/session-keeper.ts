import { Signal, toError } from '@lovage/foundation';
import { isDoneWithin, Pauses, within, type BrokerState, type Log } from '@lovage/ports';
import { isHopeless, isReplica } from './redis-errors.ts';
import { RedisSession, type SessionTarget } from './session.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/** Longest single try to connect, ms: Sentinel may have named a server that is gone. */
const TRY_MS = 5000;

export interface RedisSessionKeeperOptions extends SessionTarget {
  readonly log: Log;
  readonly beatMs: number;
  readonly silenceMs: number;
  /** Before anything else is done on a new session. @param lost the one before it. */
  prepare(session: RedisSession, lost: string | undefined): Promise<void>;
  onUp(session: RedisSession): void;
  onDown(): void;
  /** Each {@link beatMs}. Rejects when the server does not take it. */
  beat(session: RedisSession): Promise<void>;
  /** Last thing on a session that is given up by us. */
  farewell(session: RedisSession): Promise<void>;
}

/** Keeps one session open, and tells whether there is one and whether the server takes messages. */
export class RedisSessionKeeper {
  readonly stateChanged = new Signal<BrokerState>();
  current: RedisSession | undefined;
  /** Why the server takes no messages. */
  private fullReason: string | undefined;
  private shown: BrokerState = 'down';
  private lost: string | undefined;
  /** Over once there is to be no further try. */
  private readonly pauses: Pauses;
  private opening: Promise<unknown> | undefined;
  private cancelBeat: () => void = () => undefined;

  constructor(private readonly options: RedisSessionKeeperOptions) {
    this.pauses = new Pauses(options.clock);
  }

  get state(): BrokerState {
    return this.shown;
  }

  get full(): string | undefined {
    return this.fullReason;
  }

  setFull(reason: string | undefined): void {
    if (reason === this.fullReason) return;
    if (reason !== undefined && this.fullReason === undefined)
      this.options.log.warn({ reason }, 'Redis takes no messages: it is full');
    this.fullReason = reason;
    this.update();
  }

  /** Tries until it has a session. @throws what the last try threw, when the time is over or no try can succeed. */
  async connect(timeoutMs: number): Promise<void> {
    const { clock } = this.options;
    const end = clock.monotonic() + timeoutMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      const left = end - clock.monotonic();
      try {
        await this.open(Math.max(1, Math.min(left, TRY_MS)));
        return;
      } catch (error) {
        if (this.pauses.over || isHopeless(error) || end - clock.monotonic() <= pause) throw error;
      }
      await this.pauses.wait(pause);
    }
  }

  /** No further tries. */
  giveUp(): void {
    this.pauses.end();
  }

  async stop(patienceMs: number): Promise<void> {
    this.giveUp();
    this.cancelBeat();
    const session = this.current;
    this.current = undefined;
    if (session?.alive) {
      const said = this.options.farewell(session).catch(() => undefined);
      await isDoneWithin(this.options.clock, patienceMs, said);
    }
    session?.end(new Error('the broker was stopped'));
    this.update();
    await this.opening?.catch(() => undefined);
  }

  private open(timeoutMs: number): Promise<void> {
    const opening = this.openOne(timeoutMs);
    this.opening = opening;
    return opening;
  }

  private async openOne(timeoutMs: number): Promise<void> {
    const session = await RedisSession.open(this.options, timeoutMs);
    try {
      if (this.pauses.over) throw new Error('the broker was stopped');
      const late = (): Error => new Error('no answer while the session was prepared');
      await within(this.options.clock, TRY_MS, this.options.prepare(session, this.lost), late);
      if (!session.alive) throw new Error('the connection broke while it was prepared');
      if (this.pauses.over) throw new Error('the broker was stopped');
    } catch (error) {
      session.end(toError(error));
      throw error;
    }
    this.lost = session.id;
    this.current = session;
    session.ended.on((reason) => this.onEnded(session, reason));
    this.update();
    this.options.onUp(session);
    this.scheduleBeat(session);
  }

  private onEnded(session: RedisSession, reason: Error): void {
    if (this.current !== session) return;
    this.current = undefined;
    this.cancelBeat();
    this.options.log.warn({ err: reason }, 'the connection to Redis is lost; connecting again');
    this.options.onDown();
    this.update();
    void this.reconnect();
  }

  private async reconnect(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !this.pauses.over; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        await this.open(TRY_MS);
        this.options.log.info({}, 'Redis is there again');
        return;
      } catch (error) {
        this.options.log.debug({ err: toError(error) }, 'Redis cannot be reached yet');
      }
      await this.pauses.wait(pause);
    }
  }

  private scheduleBeat(session: RedisSession): void {
    const { clock, beatMs, silenceMs } = this.options;
    this.cancelBeat = clock.after(beatMs, () => {
      const cancelSilence = clock.after(silenceMs, () => session.end(new Error('the server has gone silent')));
      this.options
        .beat(session)
        .catch((error: unknown) => {
          if (isReplica(error)) return session.end(toError(error));
          if (session.alive) this.options.log.warn({ err: toError(error) }, 'Redis did not take a sign of life');
        })
        .finally(() => {
          cancelSilence();
          if (this.current === session && session.alive) this.scheduleBeat(session);
        });
    });
  }

  private update(): void {
    const state = !this.current ? 'down' : this.fullReason === undefined ? 'up' : 'blocked';
    if (state === this.shown) return;
    this.shown = state;
    this.stateChanged.emit(state);
  }
}
