import { fileURLToPath } from 'node:url';
import type { TestRabbit } from '@lovage/testing';
import { runScript, startKitWorker, startPythonWorker } from './kit-run.ts';

const SCRIPT = fileURLToPath(new URL('./random_canvas.py', import.meta.url));

/** Runs random canvases over a worker of ours and one of Python, and over Python's alone; resolves to what the comparison says. */
export async function compareCanvases(
  python: string,
  rabbit: TestRabbit,
  backend: string,
  options: { readonly seed: number; readonly count: number; readonly settleSeconds: number },
): Promise<{ readonly code: number | null; readonly differs: readonly string[]; readonly result: string }> {
  const queue = rabbit.queue('canvas-py');
  rabbit.alsoDeleteExchanges(queue);
  await using ours = await startKitWorker(rabbit, { CELERY_RESULT_BACKEND: backend, WORKER_CONCURRENCY: '8' });
  await using theirs = await startPythonWorker(python, { queue, brokerUrl: rabbit.url, backend });
  const { code, lines } = await runScript(python, SCRIPT, [
    ...['--broker', rabbit.url, '--backend', backend, '--queues', `${ours.queue},${queue}`, '--reference', queue],
    ...['--seed', `${options.seed}`, '--count', `${options.count}`, '--settle', `${options.settleSeconds}`],
  ]);
  if (!theirs.running) throw new Error(`Python's worker has ended:\n${theirs.output}`);
  return {
    code,
    differs: lines.filter((line) => line.startsWith('DIFFERS')),
    result: lines.find((line) => line.startsWith('RESULT')) ?? lines.slice(-30).join('\n'),
  };
}
