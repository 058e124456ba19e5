import { setTimeout as sleep } from 'node:timers/promises';
import { ChaosServer, type ChaosServerSpec } from '../servers/child.ts';

/** Before it is started once more after an end that nobody asked for: what a supervisor would do. */
const RESTART_AFTER_MS = 100;

/** One app that ships, kept running: however it ends, it is started again, until it is told to stop. */
export class App {
  /** How often it had to be started again. */
  restarts = 0;
  /** How each run ended that nobody had asked to stop: `code 5`, `SIGKILL`. */
  readonly ends: string[] = [];
  /** Of these, how often {@link kill} was why. */
  private kills = 0;
  private child: ChaosServer | undefined;
  private serving = false;
  private wanted = false;

  constructor(
    readonly name: string,
    private spec: ChaosServerSpec,
  ) {}

  /** Resolves when it serves, however many starts that takes. */
  async start(): Promise<void> {
    this.wanted = true;
    this.run();
    await this.served();
  }

  /** It has said that it serves, and it runs. */
  get ready(): boolean {
    return this.serving;
  }

  /** Resolves once it serves. */
  async served(): Promise<void> {
    while (!this.serving && this.wanted) await sleep(10);
  }

  /** SIGKILL; resolves when it is dead. It is started again at once. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child?.running) return;
    this.kills += 1;
    process.kill(child.pid, 'SIGKILL');
    await child.exit;
  }

  /** It gets no processor any more, until {@link thaw}. */
  freeze(): void {
    this.child?.signalGroup('SIGSTOP');
  }

  thaw(): void {
    this.child?.signalGroup('SIGCONT');
  }

  /** It had to be started again although nobody here had killed it. */
  get endedByItself(): boolean {
    return this.restarts > this.kills;
  }

  /** An orderly stop; resolves with how it ended, `code 0` if all went well. */
  async stop(): Promise<string | undefined> {
    this.wanted = false;
    const booting = !this.serving;
    const how = await this.child?.stop();
    // Before its code is loaded, nothing listens for the signal: that ends it just as well.
    return booting && how === 'SIGTERM' ? 'code 0' : how;
  }

  /**
   * An orderly stop, and a start with other variables beside those that it has: what a deploy does.
   * @throws Error when it did not end well.
   */
  async redeploy(env: Readonly<Record<string, string>>): Promise<void> {
    const how = await this.stop();
    if (how !== undefined && how !== 'code 0') throw new Error(`${this.name} ended with ${how}`);
    this.spec = { ...this.spec, env: { ...this.spec.env, ...env } };
    await this.start();
  }

  private run(): void {
    const child = new ChaosServer(this.spec);
    this.child = child;
    void child.ready.then(() => (this.serving = child.running));
    void child.exit.then(async (how) => {
      this.serving = false;
      if (!this.wanted) return;
      this.restarts += 1;
      this.ends.push(how);
      await sleep(RESTART_AFTER_MS);
      if (this.wanted) this.run();
    });
  }
}
