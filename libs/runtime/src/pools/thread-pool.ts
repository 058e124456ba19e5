import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { deferred, hasCode } from '@lovage/foundation';
import type { Log } from '@lovage/ports';
import type { Piscina } from 'piscina';
import type { TaskEntry } from '../entry.ts';
import { ChildBootFailed, MemoryLimitExceeded } from './child-death.ts';
import type { CompiledChildren } from './child-options.ts';
import { ChildRun, tellEscaped, type ChildRunDeps } from './child-run.ts';
import { fromWire, toWire } from './error-wire.ts';
import type { ChildCounts, Pool } from './pool.ts';
import { readFromChild } from './from-child.ts';
import type { AttemptEnd, ToChild } from './protocol.ts';

export interface ThreadPoolDeps extends ChildRunDeps {
  readonly log: Log;
}

/** A thread with nothing to do is kept this long, ms. */
const IDLE_MS = 60_000;
/** Threads at most: how many run is decided by the slots, which may be changed while it runs. */
const MAX_THREADS = 1000;
/** For what a thread said before it died, ms. */
const LAST_WORDS_MS = 200;

/** Runs each handler in a thread that runs nothing else meanwhile: piscina's, made when first wanted. */
export class ThreadPool implements Pool {
  readonly endsCode = true;
  private readonly runs = new Map<TaskEntry, ChildRun>();
  private piscina: Promise<Piscina> | undefined;
  private opened: Piscina | undefined;
  private deaths = 0;
  /** How many run in each set of threads; without an entry none. */
  private readonly runsOf = new Map<Piscina, number>();
  /** Sets of threads that have been replaced, and run their last tasks. */
  private readonly leaving = new Set<Piscina>();

  constructor(
    private readonly options: CompiledChildren,
    private readonly deps: ThreadPoolDeps,
  ) {}

  get counts(): ChildCounts {
    return { alive: this.opened?.threads.length ?? 0, died: this.deaths };
  }

  start(entry: TaskEntry): void {
    const { port1: port, port2 } = new MessageChannel();
    const end = new AbortController();
    const run: ChildRun = new ChildRun(
      entry,
      { post: (message: ToChild) => port.postMessage(message), kill: () => end.abort() },
      this.deps,
    );
    this.runs.set(entry, run);
    void this.run(run, { port, port2, end });
  }

  /** Piscina queues what exceeds its threads, which only a take-over does. */
  isWaiting(): boolean {
    return false;
  }

  abort(entry: TaskEntry, reason: Error): void {
    this.runs.get(entry)?.abort(reason);
  }

  kill(entry: TaskEntry, reason: Error, graceMs: number): void {
    this.runs.get(entry)?.kill(reason, graceMs);
  }

  async stop(): Promise<void> {
    await Promise.all([(await this.piscina)?.destroy(), ...[...this.leaving].map((threads) => threads.destroy())]);
  }

  /** Replaces all threads: those that run now end with their tasks. */
  restart(): void {
    const before = this.opened;
    if (!before) return;
    this.piscina = undefined;
    this.opened = undefined;
    if (this.runsOf.has(before)) this.leaving.add(before);
    else void before.destroy();
  }

  private async run(
    run: ChildRun,
    { port, port2, end }: { port: MessagePort; port2: MessagePort; end: AbortController },
  ): Promise<void> {
    const closed = once(port, 'close');
    const settled = deferred<AttemptEnd>();
    let last: AttemptEnd | undefined;
    port.on('message', (given: unknown) => {
      const message = readFromChild(given);
      if (!message) return;
      if (message.type === 'succeeded' || message.type === 'failed') {
        last = message;
        settled.resolve(message);
        // It takes no further task: ended, and replaced when another is wanted.
        if (message.last) end.abort();
      } else if (message.type === 'unable') this.unable(run, fromWire(message.error));
      else if (message.type !== 'ready' && message.type !== 'escaped') run.receive(message);
    });
    let death: Error | undefined;
    try {
      this.piscina ??= this.open();
      const piscina = await this.piscina;
      this.runsOf.set(piscina, (this.runsOf.get(piscina) ?? 0) + 1);
      await piscina
        .run({ task: run.task, port: port2 }, { transferList: [port2], signal: end.signal })
        .finally(() => this.left(piscina));
    } catch (error) {
      // Whatever code in the thread threw and nobody caught.
      death = fromWire(toWire(error));
    }
    // What was said before comes first: both ends of the port are closed by now, or will be.
    await Promise.race([settled.promise, closed, ...(death ? [this.lastWords()] : [])]);
    port.close();
    this.runs.delete(run.entry);
    if (last) run.settled(last);
    else if (death) this.died(run, death);
  }

  private left(piscina: Piscina): void {
    const others = this.runsOf.get(piscina)! - 1;
    if (others > 0) return void this.runsOf.set(piscina, others);
    this.runsOf.delete(piscina);
    if (this.leaving.delete(piscina)) void piscina.destroy();
  }

  private async open(): Promise<Piscina> {
    const { Piscina: Threads } = await import('piscina');
    const { boot, maxTasks, maxMemoryMb, execArgv } = this.options;
    const serve = new URL(import.meta.url.endsWith('.ts') ? './child/serve.ts' : './child/serve.js', import.meta.url);
    const piscina = new Threads({
      filename: fileURLToPath(new URL('./child/thread-main.mjs', import.meta.url)),
      minThreads: 0,
      maxThreads: MAX_THREADS,
      idleTimeout: IDLE_MS,
      // Piscina would else block an idle thread, and with it whatever the application does between tasks.
      atomics: 'disabled',
      recordTiming: false,
      execArgv: [...execArgv],
      workerData: { boot, serve: serve.href, maxTasks },
      ...(maxMemoryMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: maxMemoryMb } }),
    });
    // Of a thread that dies with no task to blame.
    piscina.on('error', (error: Error) => this.deps.log.warn({ err: error }, 'an idle thread died'));
    piscina.on('message', (given: unknown) => {
      const message = readFromChild(given);
      if (message?.type === 'escaped') tellEscaped(message, (id) => this.find(id), this.deps.escapes);
    });
    this.opened = piscina;
    return piscina;
  }

  private find(id: string): TaskEntry | undefined {
    for (const entry of this.runs.keys()) if (entry.id === id) return entry;
    return undefined;
  }

  private unable(run: ChildRun, error: Error): void {
    this.deps.log.error({ err: error }, 'a thread could not boot the application');
    run.failed(new ChildBootFailed(error.message, { cause: error }));
  }

  private died(run: ChildRun, error: Error): void {
    const { maxMemoryMb } = this.options;
    if (hasCode(error, 'ERR_WORKER_OUT_OF_MEMORY') && maxMemoryMb !== undefined)
      return run.failed(new MemoryLimitExceeded(maxMemoryMb));
    const exitCode = /exited with code: (\d+)/.exec(error.message)?.[1];
    if (error.name !== 'AbortError') {
      this.deaths += 1;
      this.deps.log.warn({ task: run.entry.id, err: error }, 'a thread is gone in the middle of a task');
    }
    run.gone({
      ...{
        pool: 'thread',
        exitCode: exitCode === undefined ? null : Number(exitCode),
        signal: null,
        memoryMb: null,
        together: 1,
      },
      stderr: exitCode === undefined ? (error.stack ?? error.message) : '',
    });
  }

  private lastWords(): Promise<void> {
    return new Promise((resolve) => void this.deps.clock.after(LAST_WORDS_MS, resolve));
  }
}
