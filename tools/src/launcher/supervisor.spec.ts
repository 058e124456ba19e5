import { fileURLToPath } from 'node:url';
import { Signal } from '@lovage/foundation';
import { Supervisor } from './supervisor.ts';

const standIn = fileURLToPath(new URL('../testing/stand-in.mjs', import.meta.url));

class Kept {
  readonly said = new Signal<string>();
  line(): void {
    // What children say is not looked at here.
  }
  say(text: string): void {
    this.said.emit(text);
  }
}

function supervise(how: string, stillEveryMs?: number): { supervisor: Supervisor; output: Kept } {
  const output = new Kept();
  const supervisor = new Supervisor(
    {
      ...{ name: 'gateway', command: process.execPath, args: [standIn, 'gateway'], cwd: '/', patienceMs: 5000 },
      env: { ...process.env, STAND_IN_GATEWAY: how },
    },
    output,
    stillEveryMs,
  );
  return { supervisor, output };
}

test('while a child lives, its start is waited for, and what it does is said again and again', async () => {
  const { supervisor, output } = supervise('waits', 20);
  const said = output.said.next((text) => text.includes('waiting for a signal'));
  const started = supervisor.start();
  expect(await said).toMatch(/^still starting gateway: waiting for a signal \(\d+ s\)$/);
  process.kill(supervisor.pid!, 'SIGUSR2');
  await started;
  await supervisor.stop();
});

test('a child that ends ends the start with its own words', async () => {
  const { supervisor } = supervise('exit3');
  await expect(supervisor.start()).rejects.toMatchObject({
    exitCode: 3,
    message: 'gateway ended with exit code 3 before it was ready. It said:\nthis is why',
  });
});
