/** What a process tells the one that started it with an IPC channel: `ready` once it serves, and before that what it does. */
export type StartMessage = 'ready' | { readonly stage: string };

/** Tells the starter, if there is one, what this process does now: it is said while people wait, as in "still connecting …". */
export function tellStage(stage: string): void {
  process.send?.({ stage } satisfies StartMessage);
}

export function tellReady(): void {
  process.send?.('ready' satisfies StartMessage);
}

/** Reads what a child sent. Anything else that it may send is not meant for its starter. */
export function readStartMessage(message: unknown): StartMessage | undefined {
  if (message === 'ready') return message;
  const stage = (message as { stage?: unknown } | null)?.stage;
  return typeof stage === 'string' ? { stage } : undefined;
}
