import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { Env } from './reader.ts';

/**
 * The environment with the variables of a `.env` file where it has none of its own: what is set for one run wins over
 * what is written down. Without the file, the environment as it is. For the launcher and development; in production
 * the one who runs the processes sets their environment.
 */
export function withEnvFile(env: Env, file: string): Env {
  return existsSync(file) ? { ...parseEnv(readFileSync(file, 'utf8')), ...env } : env;
}
