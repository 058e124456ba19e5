import { fileURLToPath } from 'node:url';
import { startProcess, type TestProcess } from '@lovage/testing/start-process';
import { runForResult, type ChildEnv } from '../stand/child.ts';
import type { Stand } from '../stand/stand.ts';
import { TIMEOUT_MS, type Produced, type System } from './system.ts';

const FOLDER = fileURLToPath(new URL('../../peers/celery/', import.meta.url));
const PYTHON = process.env['BENCH_PYTHON'] ?? '/usr/bin/python3';

/** Celery on the same RabbitMQ and PostgreSQL: late acks, confirmed publishes, one process that runs tasks, results by SQLAlchemy. */
class Celery implements System {
  readonly name = 'celery';
  /** A fiftieth of the speed; so that its runs take no longer than all others together. */
  readonly share = 0.06;

  constructor(private readonly stand: Stand) {}

  async reset(): Promise<void> {
    await this.stand.deleteQueue('bench.celery');
    await this.stand.db.query(`drop table if exists celery_taskmeta; drop table if exists celery_tasksetmeta;
      drop sequence if exists task_id_sequence; drop sequence if exists taskset_id_sequence`);
    // Makes the tables, so that they can be counted.
    await this.produce('prepare');
  }

  startWorker(): Promise<TestProcess> {
    const args = [
      '-m',
      'celery',
      '--workdir',
      FOLDER,
      '-A',
      'app',
      'worker',
      '-P',
      'prefork',
      '-c',
      '1',
      '-l',
      'WARNING',
    ];
    return startProcess(PYTHON, [...args, '-n', `bench-${process.pid}@localhost`], { env: this.env(), ready: /READY/ });
  }

  submit(n: number): Promise<Produced> {
    return this.produce('submit', n);
  }

  async latency(rate: number, n: number): Promise<number[]> {
    return (await this.produce<{ took: number[] }>('latency', rate, n)).took;
  }

  async count(): Promise<number> {
    const { rows } = await this.stand.db.query<{ n: string }>(
      `select count(*) as n from celery_taskmeta where status = 'SUCCESS'`,
    );
    return Number(rows[0]!.n);
  }

  /** The results are pickled: only Python reads them. */
  async countRight(): Promise<number> {
    return (await this.produce<{ right: number }>('check')).right;
  }

  private produce<T>(command: string, ...args: number[]): Promise<T> {
    const line = [`${FOLDER}produce.py`, command, ...args.map(String)];
    return runForResult<T>(PYTHON, line, { env: this.env(), timeoutMs: TIMEOUT_MS });
  }

  private env(): ChildEnv {
    const results = this.stand.databaseUrl.replace(/^postgres(ql)?:/, 'db+postgresql:');
    return { BROKER_URL: this.stand.amqpUrl, RESULTS_URL: results, PYTHONDONTWRITEBYTECODE: '1' };
  }
}

/** @throws Error when Python has no Celery. */
export async function openCelery(stand: Stand): Promise<{ system: System; close(): Promise<unknown> }> {
  const probe = await startProcess(PYTHON, ['-c', 'import celery, sqlalchemy, psycopg2']);
  if ((await probe.exit).code !== 0)
    throw new Error(
      `${PYTHON} has no Celery; run: apt-get install python3-celery python3-sqlalchemy python3-psycopg2, or set BENCH_PYTHON`,
    );
  return { system: new Celery(stand), close: () => Promise.resolve() };
}
