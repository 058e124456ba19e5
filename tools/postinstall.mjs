// After `npm ci`: generate Prisma's client, which the sources import. Skipped where the Prisma CLI is not installed
// (a production install without development dependencies runs built code, which already contains the client).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
if (existsSync(`${root}node_modules/prisma/build/index.js`) && existsSync(`${root}prisma/schema.prisma`)) {
  const { status } = spawnSync(process.execPath, [`${root}node_modules/prisma/build/index.js`, 'generate'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  process.exit(status ?? 1);
}
