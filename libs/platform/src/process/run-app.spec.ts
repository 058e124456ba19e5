import { fileURLToPath } from 'node:url';
import { eventually, startTypeScript } from '@lovage/testing';

const STAND_IN = fileURLToPath(new URL('../testing/app-stand-in.ts', import.meta.url));

describe('running an app', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s stops it in order', async (signal) => {
    await using app = await startTypeScript(STAND_IN, ['serve'], { ready: 'serving', ipc: true });
    await eventually(() => app.messages.includes('ready'));
    app.signal(signal);
    expect(await app.exit).toEqual({ code: 0, signal: null });
    expect(app.lines).toEqual(['serving', 'stopping']);
  });

  test('the end of the process that started it with a channel stops it in order', async () => {
    await using app = await startTypeScript(STAND_IN, ['serve'], { ready: 'serving', ipc: true });
    await eventually(() => app.messages.includes('ready'));
    app.disconnect();
    expect(await app.exit).toEqual({ code: 0, signal: null });
    expect(app.lines).toEqual(['serving', 'stopping']);
  });

  test('a second signal ends it although it does not come to an end', async () => {
    await using app = await startTypeScript(STAND_IN, ['hangs'], { ready: 'serving' });
    app.signal('SIGTERM');
    await app.line('stopping');
    app.signal('SIGTERM');
    expect(await app.exit).toEqual({ code: 1, signal: null });
  });

  test('cancelled while it starts, it is not waited for', async () => {
    await using app = await startTypeScript(STAND_IN, ['slow'], { ready: 'starting' });
    app.signal('SIGINT');
    expect(await app.exit).toEqual({ code: 0, signal: null });
  });

  test.each(['throws', 'throws-hangs'])(
    'what nobody caught is told; a rejection ends nothing, an exception stops it in order (%s)',
    async (what) => {
      await using app = await startTypeScript(STAND_IN, [what]);
      expect(await app.exit).toEqual({ code: 5, signal: null });
      expect(app.lines).toEqual([
        'serving',
        'rejection: nobody awaits this',
        'exception: nobody catches this',
        'stopping',
      ]);
    },
  );

  test('what the reader can mend is one line; a bug comes with its stack', async () => {
    await using known = await startTypeScript(STAND_IN, ['known']);
    expect(await known.exit).toEqual({ code: 3, signal: null });
    expect(known.lines).toEqual(['lovage stand-in: the server is away']);
    await using bug = await startTypeScript(STAND_IN, ['bug']);
    expect(await bug.exit).toEqual({ code: 1, signal: null });
    expect(bug.output).toMatch(/^lovage stand-in: TypeError: x is not a function\n {4}at /);
  });
});
