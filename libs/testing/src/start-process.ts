import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deferred, Signal } from '@lovage/foundation';
import { guardProcess } from '@lovage/processes';
import { askTestRun } from './run-services.ts';

export interface StartProcessOptions {
  /** Added to this process's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the repository's root. */
  readonly cwd?: string;
  /** It counts as started when a line of its output matches. Default: at once. */
  readonly ready?: RegExp | string;
  /** For `ready`. Default 30 000. */
  readonly timeoutMs?: number;
  /** Gives it an IPC channel; what it sends is kept in {@link TestProcess.messages}. */
  readonly ipc?: boolean;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Starts a program in a process group of its own and resolves when it is ready. Held by `await using`, it is stopped at
 * the end of the block, with everything it started in its group. Should this process end before, the group is killed.
 * @throws Error when it ends, or stays silent too long, before it is ready; the message carries its output.
 */
export async function startProcess(
  command: string,
  args: readonly string[] = [],
  options: StartProcessOptions = {},
): Promise<TestProcess> {
  const env = { ...process.env, ...options.env };
  // Jest's worker would otherwise hand its own flags on, and colour codes break the matching of lines.
  for (const name of ['NODE_OPTIONS', 'JEST_WORKER_ID', 'FORCE_COLOR'])
    if (options.env?.[name] === undefined) delete env[name];
  const child = spawn(command, [...args], {
    cwd: options.cwd ?? root,
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)) as NodeJS.ProcessEnv,
    stdio: ['pipe', 'pipe', 'pipe', ...(options.ipc ? (['ipc'] as const) : [])],
    detached: true,
  });
  const started = new TestProcess(child, [command, ...args].join(' '));
  if (options.ready !== undefined) {
    try {
      await started.line(options.ready, { timeoutMs: options.timeoutMs ?? 30_000 });
    } catch (error) {
      await started.kill();
      throw error;
    }
  }
  return started;
}

/** Flags of Node.js that run TypeScript from its source. */
export const TYPESCRIPT_FLAGS: readonly string[] = [
  '--conditions=@lovage/source',
  '--import',
  new URL('../../../tools/ts-hooks.mjs', import.meta.url).href,
];

/** Of these the test run has a build, which starts in a quarter of the CPU of the sources: the apps, and those that tests make of them. */
const BUILT = /^apps\/(?:gateway|worker|beat)\/src\/(?:main|testing\/[a-z-]+-app)\.ts$/;

/** Like {@link startProcess}, for a TypeScript file: from the test run's build where that has it, else from its source. */
export async function startTypeScript(
  file: string,
  args: readonly string[] = [],
  options: StartProcessOptions = {},
): Promise<TestProcess> {
  return startProcess(process.execPath, [...(await programOf(file)), ...args], options);
}

/**
 * Flags of Node.js for the children of a pool: those programs of theirs of which the test run has a build are run from there.
 * Without a test run: from their sources.
 */
export async function childFlags(): Promise<readonly string[]> {
  const build = await askTestRun('/build');
  if (!build) return TYPESCRIPT_FLAGS;
  const hooks = new URL('./jest/built-hooks.mjs', import.meta.url);
  hooks.searchParams.set('build', build);
  return ['--enable-source-maps', '--import', hooks.href];
}

async function programOf(file: string): Promise<string[]> {
  const path = relative(root, file).replaceAll(sep, '/');
  const build = BUILT.test(path) ? await askTestRun('/build') : '';
  if (!build) return [...TYPESCRIPT_FLAGS, file];
  return ['--enable-source-maps', join(build, path.replace(/\.ts$/, '.js'))];
}

/** A running program and all it has said. */
export class TestProcess {
  /** Lines of both streams, in the order they came. */
  readonly lines: string[] = [];
  /** What it sent over IPC. */
  readonly messages: unknown[] = [];
  /** Settled when it has ended and its output is complete. */
  readonly exit: Promise<ProcessExit>;
  private readonly said = new Signal<string>();
  private ended: ProcessExit | undefined;
  /** Its exit, once it has ended without a channel. */
  private readonly alone = deferred<unknown[]>();

  constructor(
    private readonly child: ChildProcess,
    private readonly name: string,
  ) {
    let failure: Error | undefined;
    const guard = child.pid === undefined ? undefined : guardProcess(child.pid, { signal: 'SIGKILL', group: true });
    child.once('exit', () => guard?.release());
    child.on('error', (error) => (failure = error));
    child.on('message', (message) => this.messages.push(message));
    for (const stream of [child.stdout, child.stderr]) if (stream) this.collect(stream);
    child.stdin?.on('error', () => undefined);
    this.exit = Promise.race([once(child, 'close'), this.alone.promise]).then(
      ([code, signal]) => (this.ended = { code: code as number | null, signal: signal as NodeJS.Signals | null }),
      () => {
        this.lines.push(failure?.message ?? 'could not be started');
        return (this.ended = { code: null, signal: null });
      },
    );
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} could not be started: ${this.output}`);
    return this.child.pid;
  }

  get output(): string {
    return this.lines.join('\n');
  }

  get running(): boolean {
    return this.ended === undefined;
  }

  /**
   * The first line that matches, said already or still to come.
   * @throws Error when it ends, or time is up, without.
   */
  async line(match: RegExp | string, options: { timeoutMs?: number; from?: number } = {}): Promise<string> {
    const fits = (line: string): boolean => (typeof match === 'string' ? line.includes(match) : match.test(line));
    const found = this.lines.slice(options.from ?? 0).find(fits);
    if (found !== undefined) return found;
    const timeoutMs = options.timeoutMs ?? 10_000;
    let timer: NodeJS.Timeout | undefined;
    const failed = new Promise<never>((_, reject) => {
      const fail = (what: string): void =>
        reject(new Error(`${this.name} ${what} before it said ${String(match)}; it said:\n${this.output}`));
      timer = setTimeout(() => fail(`took more than ${timeoutMs} ms`), timeoutMs);
      void this.exit.then(({ code, signal }) => {
        if (!this.lines.some(fits)) fail(`ended (${signal ?? `code ${code}`})`);
      });
    });
    try {
      return await Promise.race([this.said.next(fits), failed]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the channel of a process started with `ipc`, as the end of its parent does. */
  disconnect(): void {
    const { child } = this;
    // Node.js then tells of no `close`.
    const streams = [child.stdout, child.stderr].map((stream) => stream && once(stream, 'close'));
    void Promise.all([once(child, 'exit'), ...streams]).then(([exit]) => this.alone.resolve(exit!));
    child.disconnect();
  }

  /** To the process alone; nothing happens when it has ended, which may be before its exit is told. */
  signal(signal: NodeJS.Signals): void {
    if (this.running) send(this.pid, signal);
  }

  /** To the process and all it started in its group, as a terminal's Ctrl-C does. */
  signalGroup(signal: NodeJS.Signals): void {
    send(-this.pid, signal);
  }

  /** Writes to its input. */
  write(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Ends its input. */
  endInput(): void {
    this.child.stdin?.end();
  }

  /** SIGKILL to the whole group; resolves when it has ended. */
  async kill(): Promise<ProcessExit> {
    if (this.child.pid !== undefined) this.signalGroup('SIGKILL');
    return this.exit;
  }

  /** SIGTERM; SIGKILL to the group when it has not ended within `timeoutMs` (default 10 000). */
  async stop(options: { timeoutMs?: number } = {}): Promise<ProcessExit> {
    this.signal('SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), options.timeoutMs ?? 10_000);
    });
    const exit = await Promise.race([this.exit, late]);
    clearTimeout(timer);
    return exit ?? this.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.kill();
  }

  private collect(stream: NodeJS.ReadableStream): void {
    let rest = '';
    stream.setEncoding('utf8');
    const keep = (line: string): void => {
      this.lines.push(line);
      this.said.emit(line);
    };
    stream.on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop()!;
      for (const line of parts) keep(line.replace(/\r$/, ''));
    });
    stream.on('end', () => {
      if (rest !== '') keep(rest);
    });
  }
}

/** @param pid negative: all of its group */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
