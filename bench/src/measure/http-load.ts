import { Pool } from 'undici';
import { percentiles } from './statistics.ts';

export interface HttpLoad {
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
}

/**
 * Posts over as many connections as told, on each the next request when the last is answered.
 * @throws Error at the first answer that is not 202.
 */
export async function postUnderLoad(load: HttpLoad): Promise<{ rate: number; p99: number }> {
  const { connections, seconds, body } = load;
  const headers = { 'content-type': 'application/json', ...load.headers };
  await using closing = {
    pool: new Pool(load.origin, { connections }),
    [Symbol.asyncDispose]: () => closing.pool.close(),
  };
  const took: number[] = [];
  const start = performance.now();
  const connection = async (): Promise<void> => {
    for (let began = start; began - start < seconds * 1000; began = performance.now()) {
      const answer = await closing.pool.request({ method: 'POST', path: load.path, headers, body });
      const text = await answer.body.text();
      if (answer.statusCode !== 202) throw new Error(`${load.origin}${load.path}: ${answer.statusCode} ${text}`);
      took.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: connections }, connection));
  return { rate: (took.length * 1000) / (performance.now() - start), p99: percentiles(took).p99 };
}
