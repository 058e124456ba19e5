import { backoffDelayMs, type BackoffPolicy, isHopeless, isMissingTable, Signal, toError } from '@lovage/foundation';
import { Pauses, type BrokerState, type Clock, type Log } from '@lovage/ports';
import { Connection, type ConnectionOptions } from '../connection/connection.ts';
import { BrokerStorageTooNewError, ensureStorage } from '../storage/ensure-storage.ts';
import { BrokerSession } from './broker-session.ts';

export interface SessionKeeperOptions extends ConnectionOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Between beats, ms. */
  readonly beatMs: number;
  /** A session that leaves a beat unanswered for so long is given up, ms. */
  readonly silenceMs: number;
  /** Brings a new session to where the last one was: rejects, and the session is given up. `lost`: id of the one before. */
  readonly prepare: (session: BrokerSession, lost: number | undefined) => Promise<void>;
  /** Once a session is there and prepared. */
  readonly onUp: (session: BrokerSession) => void;
  /** Once it is gone; `silent`: it was given up for its silence, so other connections may hang too. */
  readonly onDown: (silent: boolean) => void;
  /** Runs on the session at each beat; its answer is the sign of life. */
  readonly beat: (session: BrokerSession) => Promise<void>;
}

const BACKOFF: BackoffPolicy = { kind: 'exponential', delayMs: 100, maxDelayMs: 2000, jitter: true };
const ATTEMPT_TIMEOUT_MS = 5000;

/** Keeps one {@link BrokerSession} going: connects, watches it, and begins another when it is lost, for ever. */
export class SessionKeeper {
  readonly stateChanged = new Signal<BrokerState>();
  private session: BrokerSession | undefined;
  private lost: number | undefined;
  private readonly stopped = new AbortController();
  private readonly pauses: Pauses;
  private cancelTimer: () => void = () => undefined;
  private attempt: Promise<void> = Promise.resolve();

  constructor(private readonly options: SessionKeeperOptions) {
    this.pauses = new Pauses(options.clock);
  }

  get state(): BrokerState {
    return this.session ? 'up' : 'down';
  }

  /** The session while there is one. */
  get current(): BrokerSession | undefined {
    return this.session;
  }

  /** Tries until there is a session or `timeoutMs` have passed. @throws the last failure */
  async connect(timeoutMs: number): Promise<void> {
    const { clock } = this.options;
    const end = clock.monotonic() + timeoutMs;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.open(Math.min(ATTEMPT_TIMEOUT_MS, Math.max(1, end - clock.monotonic())));
      } catch (error) {
        const delay = backoffDelayMs(BACKOFF, tries);
        const hopeless = isHopeless(error) || error instanceof BrokerStorageTooNewError;
        if (hopeless || this.stopped.signal.aborted || clock.monotonic() + delay >= end) throw error;
        await this.pauses.wait(delay);
      }
    }
  }

  /** No further attempts; gives up one under way. A session that stands, stands. */
  giveUp(): void {
    this.stopped.abort();
    this.pauses.end();
    if (!this.session) this.cancelTimer();
  }

  /** Gives the session up and resolves with it, for the caller to end. */
  async stop(): Promise<BrokerSession | undefined> {
    this.giveUp();
    await this.attempt;
    this.cancelTimer();
    const { session } = this;
    this.session = undefined;
    if (session) this.stateChanged.emit('down');
    return session;
  }

  private async open(timeoutMs: number): Promise<void> {
    const { options } = this;
    const began = options.clock.monotonic();
    const connection = await Connection.open(options, timeoutMs, this.stopped.signal);
    // From here on a server gone silent is noticed by this timer, until the beats take over.
    const late = options.clock.after(timeoutMs - (options.clock.monotonic() - began), () =>
      connection.destroy(new Error(`no answer within ${Math.round(timeoutMs)} ms`)),
    );
    const giveUp = (): void => connection.destroy(new Error('given up: stopped'));
    this.stopped.signal.addEventListener('abort', giveUp);
    try {
      await ensureStorage(connection);
      const session = await BrokerSession.begin(connection, options.applicationName);
      await options.prepare(session, this.lost);
      this.use(session);
    } catch (error) {
      connection.destroy(toError(error));
      throw error;
    } finally {
      late();
      this.stopped.signal.removeEventListener('abort', giveUp);
    }
  }

  private use(session: BrokerSession): void {
    if (this.stopped.signal.aborted) throw new Error('given up: stopped');
    this.session = session;
    let silent = false;
    void session.gone.then((reason) => this.lose(session, reason, { silent, id: session.id }));
    this.watch(session, () => (silent = true));
    this.options.onUp(session);
    this.stateChanged.emit('up');
  }

  private watch(session: BrokerSession, onSilence: () => void): void {
    const { clock, beatMs, silenceMs } = this.options;
    // Counted, not timed: a handler that blocks this process for long leaves answers unread, which is no silence.
    let unanswered = 0;
    const ask = (): void => {
      this.options
        .beat(session)
        .catch((error: unknown) => this.onBeatFailed(session, error))
        .finally(() => (unanswered = 0));
    };
    const beat = (): void => {
      if (this.session !== session) return;
      if (unanswered * beatMs > silenceMs) {
        onSilence();
        session.destroy(new Error(`no answer within ${silenceMs} ms`));
        return;
      }
      if (unanswered === 0) ask();
      unanswered += 1;
      this.cancelTimer = clock.after(beatMs, beat);
    };
    this.cancelTimer = clock.after(beatMs, beat);
  }

  private onBeatFailed(session: BrokerSession, error: unknown): void {
    if (isMissingTable(error)) {
      // Somebody dropped the storage: a new session makes it again. In there ids count from 1 anew, and this one may be
      // another's.
      this.lose(session, toError(error), { silent: false, id: undefined });
      session.destroy(toError(error));
    } else this.options.log.debug({ err: error }, 'a look after dead consumers failed');
  }

  private lose(session: BrokerSession, reason: Error, how: { silent: boolean; id: number | undefined }): void {
    if (this.session !== session) return;
    this.cancelTimer();
    this.session = undefined;
    this.lost = how.id;
    this.options.log.warn({ err: reason }, 'the connection to the broker is lost; connecting again');
    this.options.onDown(how.silent);
    this.stateChanged.emit('down');
    this.reconnect(1);
  }

  private reconnect(tries: number): void {
    if (this.stopped.signal.aborted) return;
    this.cancelTimer = this.options.clock.after(backoffDelayMs(BACKOFF, tries), () => {
      this.attempt = this.open(ATTEMPT_TIMEOUT_MS).then(
        () => this.options.log.info({ tries }, 'connected to the broker again'),
        (error: unknown) => {
          this.options.log.debug({ err: error, tries }, 'the broker cannot be reached');
          this.reconnect(tries + 1);
        },
      );
    });
  }
}
