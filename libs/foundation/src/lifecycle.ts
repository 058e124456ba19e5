/** What every long-running part offers. */
export interface Service {
  /** Resolves when ready to work; rejects when it cannot be: then whatever it had begun is released already. */
  start(): Promise<void>;
  /** Idempotent; fine on a service that never started. Resolves when everything it held is released. */
  stop(): Promise<void>;
}

type Phase = 'new' | 'starting' | 'running' | 'stopping' | 'stopped';

/**
 * Makes a pair of functions into a {@link Service}: start once, stop once, whatever the order and number of calls.
 * A stop that comes during the start waits for it, then stops. A start that fails releases what it had begun before it
 * rejects, so code that drops a service that never ran leaves nothing behind; it can only be followed by stop.
 */
export class Lifecycle implements Service {
  private phase: Phase = 'new';
  private starting: Promise<void> | undefined;
  private stopping: Promise<void> | undefined;
  /** Of a start that failed. */
  private releasing: Promise<void> | undefined;

  constructor(
    private readonly onStart: () => Promise<void>,
    /** Must cope with a start that failed half way. Called once, also after a start that failed. */
    private readonly onStop: () => Promise<void>,
  ) {}

  get running(): boolean {
    return this.phase === 'running';
  }

  /** @throws Error when the service was stopped before: services are not restarted, new ones are made. */
  start(): Promise<void> {
    if (this.phase === 'stopping' || this.phase === 'stopped')
      return Promise.reject(new Error('this service was stopped; make a new one'));
    this.starting ??= this.begin();
    return this.starting;
  }

  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async begin(): Promise<void> {
    this.phase = 'starting';
    try {
      await this.onStart();
    } catch (error) {
      // What failed to start is the news, also when the release fails too: that goes to the caller of stop.
      this.releasing = this.onStop();
      await this.releasing.catch(() => undefined);
      throw error;
    }
    if (this.phase === 'starting') this.phase = 'running';
  }

  private async end(): Promise<void> {
    const started = this.starting;
    this.phase = 'stopping';
    if (started) {
      await started.catch(() => undefined);
      await (this.releasing ?? this.onStop());
    }
    this.phase = 'stopped';
  }
}
