import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startProcess } from '@lovage/testing';
import { repoText } from './repo-files.ts';

const limits = fileURLToPath(new URL('../../../deploy/nginx/limits.envsh', import.meta.url));

/** Where nginx is; undefined where it is not installed. */
export const nginxPath = ['/usr/sbin/nginx', 'nginx'].find((path) => spawnSync(path, ['-v']).status === 0);

/** What the container's start makes of its environment: variables for the template. */
export function nginxVariables(env: Readonly<Record<string, string>>): Record<string, string> {
  const said = execFileSync('sh', ['-c', '. "$0" && env', limits], {
    env: { PATH: process.env['PATH'], ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return Object.fromEntries([...said.matchAll(/^(LOVAGE_\w+)=(.*)$/gm)].map(([, name, value]) => [name!, value!]));
}

export interface TestNginx extends AsyncDisposable {
  readonly url: string;
}

/** nginx with the configuration that is deployed, on a port and in a folder of its own. */
export async function startNginx(env: Readonly<Record<string, string>>): Promise<TestNginx> {
  const folder = mkdtempSync(join(tmpdir(), 'lovage-nginx-'));
  // Started by root, nginx works as somebody else, whose folders within this one must be reached.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const variables = nginxVariables({
    LOVAGE_LISTEN: `127.0.0.1:${port}`,
    LOVAGE_RESOLVER: '127.0.0.1',
    LOVAGE_TEMP: folder,
    // Not /dev/stdout: Node gives its children sockets, which cannot be opened by name.
    LOVAGE_ACCESS_LOG: join(folder, 'access.log'),
    ...env,
  });
  const filled = repoText('deploy/nginx/nginx.conf.template').replace(
    /\$\{(LOVAGE_[A-Z_]+)\}/g,
    (whole, name: string) => variables[name] ?? whole,
  );
  writeFileSync(join(folder, 'nginx.conf'), filled);
  const nginx = await startProcess(
    nginxPath!,
    ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off; error_log stderr notice;'],
    { ready: 'start worker process' },
  );
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
