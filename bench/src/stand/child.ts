import { startProcess, type TestProcess } from '@lovage/testing/start-process';

/** As this process runs, so do its children: from the build, or from the sources through the hooks it was given. */
const SUFFIX = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/** The file of `src/processes/<name>`. */
export function processFile(name: string): URL {
  return new URL(`../processes/${name}${SUFFIX}`, import.meta.url);
}

export type ChildEnv = Readonly<Record<string, string | undefined>>;

/** Starts one of our programs and waits until it says that it is ready. */
export function startNode(
  file: URL | string,
  args: readonly string[],
  env: ChildEnv,
  ready: RegExp,
): Promise<TestProcess> {
  const path = typeof file === 'string' ? file : file.pathname;
  return startProcess(process.execPath, [...process.execArgv, path, ...args], { env, ready });
}

/**
 * Runs a program to its end and takes what it told: a line `RESULT {json}`.
 * @throws Error with its output, when it ends otherwise.
 */
export async function runForResult<T>(
  command: string,
  args: readonly string[],
  options: { env: ChildEnv; timeoutMs: number },
): Promise<T> {
  await using child = await startProcess(command, args, { env: options.env });
  const line = await child.line(/^RESULT /, { timeoutMs: options.timeoutMs });
  const { code } = await child.exit;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with code ${code}:\n${child.output}`);
  return JSON.parse(line.slice('RESULT '.length)) as T;
}

/** {@link runForResult}, of one of our programs. */
export function runNode<T>(
  file: URL,
  args: readonly string[],
  options: { env: ChildEnv; timeoutMs: number },
): Promise<T> {
  return runForResult(process.execPath, [...process.execArgv, file.pathname, ...args], options);
}
