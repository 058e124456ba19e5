import { fileURLToPath } from 'node:url';
import { startProcess, WITHOUT_GOSSIP, type TestProcess } from '@lovage/testing';

/** Where `celery_app.py` is. */
export const APP_DIR = fileURLToPath(new URL('.', import.meta.url));

export interface FarWorkerOptions {
  readonly brokerUrl: string;
  readonly queue: string;
  /** Its name among Celery's nodes. */
  readonly node: string;
  /** Whether it tells of its tasks by events. Default false. */
  readonly events?: boolean;
}

/** A Celery worker of the tasks in `celery_app.py`; resolves when it is ready. */
export function startFarWorker(
  python: string,
  { brokerUrl, queue, node, events = false }: FarWorkerOptions,
): Promise<TestProcess> {
  const args = ['-m', 'celery', '-A', 'celery_app', 'worker', '-c', '2', '-Q', queue, '-n', node, '-l', 'INFO'];
  args.push(WITHOUT_GOSSIP);
  return startProcess(python, events ? [...args, '-E'] : args, {
    ...{ cwd: APP_DIR, ready: /ready\./, timeoutMs: 60_000 },
    env: { BROKER_URL: brokerUrl, QUEUE: queue, PYTHONPATH: APP_DIR, PYTHONDONTWRITEBYTECODE: '1' },
  });
}
