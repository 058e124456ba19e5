import { eventually } from './eventually.ts';
import { startProcess } from './start-process.ts';

const node = (script: string, options = {}) => startProcess(process.execPath, ['-e', script], options);
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('is ready at its line, collects its output and tells its exit', async () => {
  await using child = await node(
    `console.log('booting'); console.error('ready now'); process.stdin.on('data', (d) => { process.stdout.write('got ' + d); process.exit(7) })`,
    { ready: /ready/ },
  );
  expect(child.lines).toEqual(expect.arrayContaining(['booting', 'ready now']));
  child.write('input\n');
  expect(await child.line('got')).toBe('got input');
  expect(await child.exit).toEqual({ code: 7, signal: null });
  expect(child.running).toBe(false);
});

test('one that ends before it is ready is an error with its output', async () => {
  await expect(node(`console.log('sorry'); process.exit(3)`, { ready: 'ready' })).rejects.toThrow(/code 3.*sorry/s);
  await expect(startProcess('no-such-program', [], { ready: 'ready' })).rejects.toThrow(/ENOENT/);
});

test('one that is late is killed', async () => {
  await expect(node(`setInterval(() => {}, 1000)`, { ready: 'ready', timeoutMs: 100 })).rejects.toThrow(/100 ms/);
});

test('leaving the block ends the whole group', async () => {
  let grandchild: number;
  {
    await using child = await node(
      `const c = require('child_process').spawn('sleep', ['60']); console.log('pid ' + c.pid); process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000)`,
      { ready: 'pid' },
    );
    grandchild = Number(child.lines[0]!.slice(4));
    expect(alive(grandchild)).toBe(true);
  }
  await eventually(() => !alive(grandchild));
});

test('messages over IPC are kept, variables can be taken away', async () => {
  process.env['LOVAGE_SPEC_GONE'] = 'x';
  await using child = await node(`process.send({ gone: process.env.LOVAGE_SPEC_GONE ?? null, set: process.env.SET })`, {
    ipc: true,
    env: { LOVAGE_SPEC_GONE: undefined, SET: 'y' },
  });
  await eventually(() => child.messages.length === 1);
  expect(child.messages).toEqual([{ gone: null, set: 'y' }]);
});
