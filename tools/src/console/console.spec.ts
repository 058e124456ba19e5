import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { decodeTask, encodeResult } from '@lovage/celery';
import { LovageClient } from '@lovage/client';
import { allContracts } from '@lovage/contracts';
import { openPlatform, type Platform } from '@lovage/platform';
import { ContractRegistry } from '@lovage/task';
import { eventually, silentLog, startTypeScript, testDatabase, type TestDatabase } from '@lovage/testing';
import { consoleBanner } from './console-banner.ts';
import { runConsole } from './console-repl.ts';
import { familiesOf } from './families.ts';

const CONSOLE = fileURLToPath(new URL('../console.ts', import.meta.url));

/** A platform whose worker, in this process, adds and divides. */
async function startCalculator(db: TestDatabase): Promise<Platform> {
  const platform = await openPlatform({ databaseUrl: db.url, log: silentLog });
  await platform.start();
  const { broker } = platform;
  await broker.declare('default');
  await broker.consume('default', {
    prefetch: 10,
    onDelivery: (delivery) => {
      const decoded = decodeTask(delivery);
      delivery.ack();
      if (!decoded.ok) return;
      const { id, name, kwargs, replyTo, correlationId } = decoded.task;
      const { x, y } = kwargs as { x: number; y: number };
      const error = { type: 'DivisionByZero', message: `${x} divided by zero`, data: { x } };
      const body =
        name === 'math.divide' && y === 0
          ? encodeResult({ taskId: id, state: 'FAILURE', error })
          : encodeResult({ taskId: id, state: 'SUCCESS', result: name === 'math.divide' ? x / y : x + y });
      if (replyTo) broker.reply(replyTo, { correlationId, body });
    },
  });
  return platform;
}

describe('npm run console', () => {
  let db: TestDatabase;
  let platform: Platform;
  let dataDir: string;

  beforeAll(async () => {
    db = await testDatabase();
    platform = await startCalculator(db);
    dataDir = mkdtempSync(join(tmpdir(), 'lovage-console-'));
  });
  afterAll(async () => {
    await platform.stop();
    await db.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function pipe(text: string, env: Record<string, string> = {}) {
    const options = { env: { DATABASE_URL: db.url, BROKER_URL: '', DATA_DIR: dataDir, LOG_LEVEL: '', ...env } };
    await using program = await startTypeScript(CONSOLE, [], options);
    program.write(text);
    program.endInput();
    const { code } = await program.exit;
    return { code, lines: program.lines };
  }

  test('runs what comes through a pipe, line after line, and prints the values alone', async () => {
    const { code, lines } = await pipe(
      [
        'await math.divide({ x: 1, y: 2 })',
        'const sum = await math.add({',
        '  x: 1, y: 2 })',
        'sum * 10',
        'const handle = await math.add.submit({ x: 1, y: 1 })',
        'await handle.state()',
        'lovage',
        '(await math.divide.safe({ x: 1, y: 0 })).error.data',
      ].join('\n'),
    );
    expect(lines).toEqual(['0.5', '30', "'QUEUED'", '[LovageClient]', '{ x: 1 }']);
    expect(code).toBe(0);
  });

  test.each([
    ['a task that fails', 'await math.divide({ x: 1, y: 0 })\n1', /^DivisionByZero: 1 divided by zero/],
    ['input that is wrong', 'await math.add({ x: "a", y: 1 })', /input\.x/],
    ['code that throws', 'null.x', /Cannot read properties of null/],
    ['code that ends too soon', 'math.add(', /the input ends within: math\.add\(/],
    ['an unknown command', '.nope', /no command \.nope/],
  ])('%s ends it with code 1', async (_name, text, message) => {
    const { code, lines } = await pipe(text);
    expect(lines.join('\n')).toMatch(message);
    expect(lines).not.toContain('1');
    expect(code).toBe(1);
  });

  test('lists the tasks', async () => {
    const { lines } = await pipe('.tasks\n.exit\n');
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}math\.divide +{ x, y } +Divides one number by another$/));
  });

  test('with nothing to connect to it says what to do, and ends with code 3', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'lovage-console-'));
    const { code, lines } = await pipe('1', { DATABASE_URL: '', DATA_DIR: empty });
    rmSync(empty, { recursive: true });
    expect(lines).toEqual([expect.stringMatching(/^lovage console: nothing to connect to: run `npm start`/)]);
    expect(code).toBe(3);
  });

  test('a wrong setting ends it with code 2', async () => {
    const { code, lines } = await pipe('1', { DATABASE_URL: 'mysql://x' });
    expect(lines.join('\n')).toContain('DATABASE_URL');
    expect(code).toBe(2);
  });

  test('on a terminal: a banner, values, completion, and a history for the next time', async () => {
    const lovage = platform.client(new ContractRegistry(allContracts));
    const families = familiesOf(lovage, allContracts);
    const input = Object.assign(new PassThrough(), { isTTY: true }) as unknown as NodeJS.ReadStream & PassThrough;
    const output = Object.assign(new PassThrough(), { isTTY: true, columns: 200, hasColors: () => false });
    let said = '';
    output.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const running = runConsole({
      input,
      output: output as unknown as NodeJS.WriteStream,
      scope: { families, lovage, tasks: platform.tasks },
      contracts: allContracts,
      dataDir,
      banner: consoleBanner({ families, broker: 'in the database', database: 'of npm start' }),
    });
    await eventually(() => said.includes('lovage> '));
    expect(said).toContain('Lovage console: ');
    input.write('await math.add({ x: 40, y: 2 })\n');
    await eventually(() => /\n42\r?\n/.test(said));
    input.write('math.divide.sa\t');
    await eventually(() => said.includes('math.divide.safe'));
    input.write('\u0015.exit\n');
    expect(await running).toBe(0);
    await eventually(() => readFileSync(join(dataDir, 'console-history'), 'utf8').includes('x: 40'));
    expect(lovage).toBeInstanceOf(LovageClient);
  });
});
