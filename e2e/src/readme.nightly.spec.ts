import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { startProcess } from '@lovage/testing';
import { RepositoryClone } from './kit/clone.ts';
import { applyBlock, codeBlocks, type CodeBlock } from './kit/code-blocks.ts';
import { RunningPlatform } from './kit/platform.ts';

const run = promisify(execFile);

/** The README's commands, on a platform that may listen elsewhere. */
class Shell {
  private readonly done: string[] = [];

  constructor(
    private readonly root: string,
    private readonly url: string,
  ) {}

  /** Runs a block as typed into one and the same shell; what it printed, one JSON document a line. */
  async run<T>({ text }: CodeBlock): Promise<T[]> {
    const script = text.replaceAll('http://localhost:8000', this.url);
    const { stdout } = await run('bash', ['-euc', `${this.done.join('\n')}\n${script}`], { cwd: this.root });
    // What sets variables is needed by what comes after it; what submits is not to be repeated.
    if (stdout === '') this.done.push(script);
    return (stdout.match(/\{.*?\}(?=\{"|\s*$)/gs) ?? []).map((document) => JSON.parse(document) as T);
  }
}

interface Document {
  state: string;
  result: unknown;
  error: { type: string } | null;
  status: number;
  errors: { path: string }[];
}

const section = (readme: string, heading: string, language: string): CodeBlock[] =>
  codeBlocks(readme, heading).filter((block) => block.language === language);

describe('the README, followed in a fresh clone', () => {
  let clone: RepositoryClone;
  let readme: string;
  beforeAll(async () => {
    clone = await RepositoryClone.make();
    readme = clone.read('README.md');
  }, 120_000);
  afterAll(() => clone?.[Symbol.dispose]());

  const start = () =>
    RunningPlatform.start({
      root: clone.root,
      command: ['npm', 'start'],
      // As without any setting: below the checkout.
      dataDir: clone.path('.lovage'),
      env: { DATA_DIR: '' },
    });

  test('npm start, and a first task by curl', async () => {
    await using platform = await start();
    process.stdout.write(`npm start in a fresh clone: ready after ${(platform.readyMs / 1000).toFixed(1)} s\n`);
    const password = readFileSync(clone.path('.lovage/admin-password'), 'utf8').trim();
    expect(platform.launcher.output).toContain(`admin@lovage.local  password ${password}`);

    const shell = new Shell(clone.root, platform.rest.url);
    const [logIn, first, wrong] = section(readme, 'A first task', 'sh');
    await shell.run(logIn!);
    const [task] = await shell.run<Document>(first!);
    const [shown] = section(readme, 'A first task', 'json').map(({ text }) => JSON.parse(text) as object);
    // The same fields, in the same order; the id is another.
    expect(Object.keys(task!).slice(0, Object.keys(shown!).length)).toEqual(Object.keys(shown!));
    expect(task).toMatchObject({ ...shown!, id: expect.any(String) });
    const [byZero, noNumber] = await shell.run<Document>(wrong!);
    expect(byZero).toMatchObject({ state: 'FAILURE', error: { type: 'DivisionByZero' } });
    expect(noNumber).toMatchObject({ status: 422 });
    expect(noNumber!.errors.map(({ path }) => path)).toEqual(['input.x', 'input.y']);

    await using console = await startProcess('npm', ['run', 'console'], {
      cwd: clone.root,
      env: { DATABASE_URL: '', BROKER_URL: '', DATA_DIR: '' },
    });
    const [dialogue] = codeBlocks(readme, 'A first task').filter(({ text }) => text.startsWith('> '));
    const [typed, ...answer] = dialogue!.text.trim().split('\n');
    console.write(`${typed!.slice(2)}\n`);
    console.endInput();
    expect((await console.exit).code).toBe(0);
    expect(console.lines.map((line) => line.replace(/^> /, ''))).toEqual(expect.arrayContaining(answer));

    // How npm itself ends at Ctrl-C is npm's own business.
    expect((await platform.interrupt()).left).toEqual([]);
  }, 240_000);

  test('your own task in four steps', async () => {
    const heading = 'Your own task, in four steps';
    const steps = codeBlocks(readme, heading).filter(({ language }) => language !== 'sh');
    expect(steps.map(({ language }) => language)).toEqual(['ts', 'diff', 'ts', 'diff']);
    for (const step of steps) applyBlock(clone.root, step);

    await using platform = await start();
    const shell = new Shell(clone.root, platform.rest.url);
    await shell.run(section(readme, 'A first task', 'sh')[0]!);
    const [submit] = section(readme, heading, 'sh');
    const [, result] = /Its `result` is `(.*?)`/.exec(readme)!;
    expect(await shell.run<Document>(submit!)).toEqual([
      expect.objectContaining({ state: 'SUCCESS', result: JSON.parse(result!), error: null }),
    ]);
    const { paths } = (await platform.rest.ask('/openapi.json')).json<{ paths: Record<string, unknown> }>();
    expect(Object.keys(paths)).toContain('/api/tasks/shop.price_with_tax');

    // What the new task says of its types holds.
    const tsc = [clone.path('node_modules/typescript/bin/tsc'), '-b', 'libs/tasks/tsconfig.lib.json'];
    const compiled = await startProcess(process.execPath, tsc, { cwd: clone.root });
    expect({ ...(await compiled.exit), said: compiled.output }).toEqual({ code: 0, signal: null, said: '' });
  }, 300_000);
});
