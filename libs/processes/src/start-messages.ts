import { channel } from 'node:diagnostics_channel';

/** What a process tells the one that started it with an IPC channel: `ready` once it serves, and before that what it does. */
export type StartMessage = 'ready' | { readonly stage: string };

/** Tells the starter, if there is one, what this process does now: it is said while people wait, as in "still connecting …". */
export function tellStage(stage: string): void {
  tell({ stage });
}

/** By its name the loader of the kept build (`tools/start-loader.mjs`) knows it as well, and runs before anyone who listens here. */
const ready = channel('lovage.ready');

/** Tells the starter, if there is one, and all in this process that wait for it, that this process serves. */
export function tellReady(): void {
  tell('ready');
  ready.publish(undefined);
}

function tell(message: StartMessage): void {
  // Without a callback, a starter that has just ended would be an error that ends this process.
  process.send?.(message, undefined, undefined, () => undefined);
}

/** Calls `work` when this process has told that it serves: what only a start needs can go then. */
export function onceReady(work: () => void): void {
  const listener = (): void => {
    ready.unsubscribe(listener);
    work();
  };
  ready.subscribe(listener);
}

/** Reads what a child sent. Anything else that it may send is not meant for its starter. */
export function readStartMessage(message: unknown): StartMessage | undefined {
  if (message === 'ready') return message;
  const stage = (message as { stage?: unknown } | null)?.stage;
  return typeof stage === 'string' ? { stage } : undefined;
}
