import { parentPort, type MessagePort } from 'node:worker_threads';
import { toWire } from '../error-wire.ts';
import type { ChildTask, FromChild, OfRun, ToChild } from '../protocol.ts';
import type { BootChild, ChildApp } from './child-app.ts';
import { ChildAttempt } from './child-attempt.ts';
import { watchEscapes } from './watch-escapes.ts';

async function bootFrom(module: string): Promise<ChildApp> {
  const { default: boot } = (await import(module)) as { default?: BootChild };
  if (typeof boot !== 'function') throw new TypeError(`${module} exports no function as its default`);
  return boot();
}

/** Serves the worker that forked this process, what it is given at a time, until the worker says stop or is gone. */
export async function serveProcess(module: string): Promise<void> {
  const post = (message: FromChild & OfRun): void => void process.send!(message, () => undefined);
  const attempts = new Map<number, ChildAttempt>();
  let app: ChildApp | undefined;
  const stop = async (): Promise<never> => {
    await app?.close().catch((error: unknown) => console.error(error));
    process.exit(0);
  };
  const take = (task: ChildTask, run: number): void => {
    const attempt = new ChildAttempt(task, (message) => {
      if (message.type === 'succeeded' || message.type === 'failed') attempts.delete(run);
      post({ ...message, run });
    });
    attempts.set(run, attempt);
    if (app) attempt.start(app);
  };
  process.on('message', (message: ToChild & OfRun) => {
    if (message.type === 'stop') return void stop();
    const { run = 0 } = message;
    if (message.type === 'run') take(message.task, run);
    else attempts.get(run)?.receive(message);
  });
  try {
    app = await bootFrom(module);
  } catch (error) {
    // The exit waits until the worker has been told.
    return void process.send!({ type: 'unable', error: toWire(error) } satisfies FromChild, () => process.exit(1));
  }
  watchEscapes(post, (subjects, thrown) => {
    for (const attempt of [...attempts.values()]) if (subjects.includes(attempt.task)) attempt.crashed(thrown);
  });
  post({ type: 'ready' });
  for (const attempt of [...attempts.values()]) attempt.start(app);
}

let threadApp: Promise<ChildApp> | undefined;
let served = 0;
/** Of this thread, at this moment. */
let running: ChildAttempt | undefined;
/** Something threw here that nobody caught: the task that runs, or else the next, is the last. */
let leaving = false;

async function bootThread(module: string): Promise<ChildApp> {
  const app = await bootFrom(module);
  // Not through the port of a task: it may be over.
  watchEscapes(
    (escaped) => parentPort!.postMessage(escaped),
    (subjects, thrown) => {
      leaving = true;
      if (running && subjects.includes(running.task)) running.crashed(thrown);
    },
  );
  return app;
}

/**
 * Serves one task in this thread. Resolves once the worker has been told how it ended; never after the last one of this
 * thread's number, so that it gets no further one before the worker has ended it.
 */
export async function serveThread(module: string, maxTasks: number, task: ChildTask, port: MessagePort): Promise<void> {
  served += 1;
  const isLast = (): boolean => leaving || served >= maxTasks;
  threadApp ??= bootThread(module);
  await new Promise<void>((resolve) => {
    const post = (message: FromChild): void => {
      port.postMessage(message);
      if (message.type === 'succeeded' || message.type === 'failed') resolve();
    };
    const attempt = new ChildAttempt(task, post, isLast);
    running = attempt;
    port.on('message', (message: ToChild) => attempt.receive(message));
    threadApp!.then(
      (app) => attempt.start(app),
      (error: unknown) => {
        // Another task may find it mended.
        threadApp = undefined;
        port.postMessage({ type: 'unable', error: toWire(error) } satisfies FromChild);
        resolve();
      },
    );
  });
  running = undefined;
  port.close();
  if (isLast()) await new Promise(() => undefined);
}
