import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, readdirSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TaskDocument } from '@lovage/http-api';
import type { RunningPlatform } from './kit/platform.ts';
import { onBothShapes } from './kit/shapes.ts';

const MB = 1024 ** 2;
const SIZE = 50 * MB;
/** What the first attempt gets before its line stalls: in its middle the worker is killed. */
const FIRST = 30 * MB;
const DEADLINE_MS = 60_000;

/** A web server of this machine with one large file; its first answer stops in the middle, later ones come whole. */
class FileServer implements AsyncDisposable {
  readonly bytes = randomBytes(SIZE);
  /** `Range` of each request. */
  readonly ranges: (string | undefined)[] = [];
  private readonly server = createServer((request, response) => this.serve(request, response));

  static async start(): Promise<FileServer> {
    const server = new FileServer();
    await once(server.server.listen(0, '127.0.0.1'), 'listening');
    return server;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private serve({ headers }: IncomingMessage, response: ServerResponse): void {
    this.ranges.push(headers.range);
    const isFirst = this.ranges.length === 1;
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
    response.writeHead(start > 0 ? 206 : 200, {
      etag: '"one"',
      'content-length': SIZE - start,
      ...(start > 0 && { 'content-range': `bytes ${start}-${SIZE - 1}/${SIZE}` }),
    });
    if (isFirst) response.write(this.bytes.subarray(0, FIRST));
    else response.end(this.bytes.subarray(start));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

interface Download {
  readonly bytes: number;
  readonly sha256: string;
  readonly path: string;
  readonly resumedAt: number;
}

onBothShapes('a worker killed in the middle of a download', (shape) => {
  let platform: RunningPlatform;
  let server: FileServer;
  beforeAll(async () => {
    server = await FileServer.start();
    platform = await shape.start({ env: { FILES_ALLOW_HOSTS: server.host } });
  }, 120_000);
  afterAll(async () => {
    await platform?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  }, 30_000);

  test(
    'goes on where it was: one file, the right hash, and progress all the way',
    async () => {
      const { rest } = platform;
      const expected = createHash('sha256').update(server.bytes).digest('hex');
      const { id } = await rest.accepted('files.download', { url: `http://${server.host}/big.bin` });
      const events = rest.follow(id);
      const progress: number[] = [];
      let killedAt: number | undefined;
      let beganAt = 0;
      for await (const { event, data } of events.follow()) {
        if (event !== 'progress') continue;
        progress.push((data as { progress: { bytes: number } }).progress.bytes);
        if (killedAt !== undefined || progress.at(-1)! < FIRST / 2) continue;
        killedAt = progress.at(-1)!;
        const victim = await platform.pid('worker');
        beganAt = performance.now();
        process.kill(victim, 'SIGKILL');
        // And the one who watches loses his line as well.
        events.cut();
      }
      const tookMs = performance.now() - beganAt;

      const task = await rest.task(id);
      expect(task).toMatchObject({ state: 'SUCCESS', error: null, retries: 0 });
      const { path, bytes, sha256, resumedAt } = task.result as Download;
      expect([bytes, sha256]).toEqual([SIZE, expected]);
      expect(await sha256Of(join(platform.dataDir, 'files', path))).toBe(expected);
      expect(readdirSync(join(platform.dataDir, 'files', 'downloads', id))).toEqual(['big.bin']);
      // Once from the start, once for the rest. Nothing that was told is fetched again.
      expect(resumedAt).toBeGreaterThanOrEqual(killedAt!);
      expect(resumedAt).toBeLessThanOrEqual(FIRST);
      expect(server.ranges).toEqual([undefined, `bytes=${resumedAt}-`]);
      const lost = await platform.query<{ outcome: string }>('select outcome from attempts where task_id = $1', [id]);
      expect(lost).toEqual([{ outcome: 'LOST' }]);

      // Over both connections: each event once and in order, from the first byte to the end.
      const ids = events.events.map((event) => event.id);
      expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b));
      expect(events.connections.length).toBeGreaterThanOrEqual(2);
      expect(events.connections[0]).toBeUndefined();
      expect(events.connections.slice(1).every((last) => ids.includes(last!))).toBe(true);
      expect(progress.at(-1)).toBe(SIZE);
      expect(progress).toEqual(progress.toSorted((a, b) => a - b));
      const states = events.events.filter(({ event }) => event === 'state').map(({ data }) => data as TaskDocument);
      expect(states.at(-1)).toMatchObject({ id, state: 'SUCCESS', result: task.result });
      process.stdout.write(
        `download of ${SIZE} bytes, worker killed at ${killedAt}: resumed at ${resumedAt}, ended ${(tookMs / 1000).toFixed(1)} s later, ` +
          `${progress.length} progress events over ${events.connections.length} connections, states ${states.map(({ state }) => state).join(' ')} (${shape.name})\n`,
      );
    },
    DEADLINE_MS + 30_000,
  );
});
