// Programs of other projects may take in this file by its source: they need the declaration too.
// eslint-disable-next-line @typescript-eslint/triple-slash-reference
/// <reference path="./fs-native-extensions.d.ts" />
import { closeSync, constants, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '@lovage/foundation';
import { tryLock } from 'fs-native-extensions';

/** Another process may hold the lock for an instant only to look whether it is free ({@link isOwned}), ms. */
const LOOK_MS = 250;
/** The owner writes its pid right after it took the lock; on a busy machine that may take a moment, ms. */
const PID_MS = 2000;
const RETRY_MS = 20;
const PID_BYTES = 20;

/** The right to run the server of a data directory. It ends with {@link release}, or with this process, however that ends. */
export interface Owned {
  readonly kind: 'owned';
  release(): void;
}

export type Ownership = Owned | { readonly kind: 'taken'; /** The owner. */ readonly pid: number | undefined };

/**
 * Takes the operating system's exclusive lock on `file`, made when missing. The lock belongs to the open file, so no
 * crash can leave it behind, and no slow answer can be mistaken for a free one.
 */
export async function takeOwnership(file: string): Promise<Ownership> {
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  const startedAt = performance.now();
  for (;;) {
    if (tryLock(fd)) {
      ftruncateSync(fd);
      writeSync(fd, String(process.pid), 0);
      return { kind: 'owned', release: once(() => closeSync(fd)) };
    }
    const waitedMs = performance.now() - startedAt;
    const pid = pidIn(fd);
    if (waitedMs > PID_MS || (waitedMs > LOOK_MS && pid !== undefined)) {
      closeSync(fd);
      return { kind: 'taken', pid };
    }
    await sleep(RETRY_MS);
  }
}

/** Whether a living process owns the directory of this lock file. */
export function isOwned(file: string): boolean {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
  try {
    return !tryLock(fd, { shared: true });
  } finally {
    closeSync(fd);
  }
}

function pidIn(fd: number): number | undefined {
  const bytes = Buffer.alloc(PID_BYTES);
  const pid = Number(bytes.toString('latin1', 0, readSync(fd, bytes, 0, PID_BYTES, 0)));
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (!done) run();
    done = true;
  };
}
