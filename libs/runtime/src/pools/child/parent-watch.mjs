// Ends a child process whose worker is gone, also while its handler computes and never yields.
import { workerData } from 'node:worker_threads';

const LOOK_MS = 300;
/** @type {number} */
const parent = workerData;

function isGone() {
  // Where an orphan is given to another parent, that tells; elsewhere (Windows) the old number stays.
  if (process.ppid !== parent) return true;
  try {
    process.kill(parent, 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
  }
}

setInterval(() => {
  if (isGone()) process.kill(process.pid, 'SIGKILL');
}, LOOK_MS);
