import { setTimeout as sleep } from 'node:timers/promises';
import { AppProcess, type AppProcessSpec } from './child.ts';
import { ExitError } from './exit-error.ts';
import type { LauncherOutput } from './output.ts';
import { still, STILL_EVERY_MS } from './still.ts';

/** Waits before the first, second, … start in a row that follows a short life. */
const BACKOFF_MS = [200, 1000, 2000, 5000, 10_000];
/** A life longer than this ends a row of deaths. */
const LONG_LIFE_MS = 20_000;

/** Keeps one child running: starts it, and again whenever it ends by itself. */
export class Supervisor {
  private child: AppProcess | undefined;
  private stopping = false;
  private deaths = 0;
  private everReady = false;
  private wake = new AbortController();
  private watching: Promise<void> | undefined;

  constructor(
    private readonly spec: AppProcessSpec,
    private readonly output: LauncherOutput,
    private readonly stillEveryMs = STILL_EVERY_MS,
  ) {}

  /** Of the current run. */
  get pid(): number | undefined {
    return this.child?.running ? this.child.pid : undefined;
  }

  /**
   * Resolves when the child serves, however long that takes on this machine: while it lives, it is waited for.
   * @throws ExitError when it ends before, with its exit code and its own words: what kept it from its first start would keep
   * it from the next.
   */
  async start(): Promise<void> {
    const child = this.spawn();
    const first = await still(
      this.output,
      () => `starting ${this.spec.name}: ${child.stage}`,
      Promise.race([child.ready.then(() => 'ready' as const), child.exit]),
      this.stillEveryMs,
    );
    if (first === 'ready') return;
    if (this.stopping) throw new ExitError(0, 'stopped');
    this.stopping = true;
    const words = await child.lastWords();
    const said = words.length > 0 ? `. It said:\n${words.join('\n')}` : ', without a word';
    throw new ExitError(first.code || 1, `${this.spec.name} ${ended(first)} before it was ready${said}`);
  }

  /** Ends the run and starts the next at once: for new code. */
  async restart(patienceMs: number): Promise<void> {
    this.deaths = -1;
    if (this.child?.running) await this.child.stop(patienceMs);
    else this.wake.abort();
  }

  /** Asks it to end, kills its group after the patience of its spec. Not started again. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.wake.abort();
    await this.child?.stop(this.spec.patienceMs);
    await this.watching;
  }

  kill(): void {
    this.stopping = true;
    this.wake.abort();
    this.child?.kill();
  }

  private spawn(): AppProcess {
    const child = new AppProcess(this.spec, this.output);
    this.child = child;
    void child.ready.then(() => (this.everReady = true));
    this.watching = child.exit.then(async (exit) => {
      // Before it was ever ready, `start` tells what happened.
      if (this.stopping || !this.everReady) return;
      await this.afterEnd(child, ended(exit));
    });
    return child;
  }

  private async afterEnd(child: AppProcess, how: string): Promise<void> {
    const asked = this.deaths < 0;
    if (asked || performance.now() - child.startedAt > LONG_LIFE_MS) this.deaths = 0;
    const wait = asked ? 0 : BACKOFF_MS[Math.min(this.deaths, BACKOFF_MS.length - 1)]!;
    this.deaths += 1;
    if (!asked) this.output.say(`${this.spec.name} ${how}; starting it again in ${wait / 1000} s`);
    this.wake = new AbortController();
    await sleep(wait, undefined, { signal: this.wake.signal }).catch(() => undefined);
    this.deaths = Math.max(this.deaths, 0);
    if (!this.stopping) this.spawn();
  }
}

function ended(exit: { code: number | null; signal: string | null }): string {
  return exit.signal === null ? `ended with exit code ${exit.code}` : `was ended by ${exit.signal}`;
}
