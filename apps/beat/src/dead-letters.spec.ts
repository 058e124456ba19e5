import { fileURLToPath } from 'node:url';
import { openPlatform } from '@lovage/platform';
import { ContractRegistry, defineTask } from '@lovage/task';
import {
  describeWithRabbit,
  eventually,
  silentLog,
  startTypeScript,
  testDatabase,
  type TestDatabase,
  type TestProcess,
} from '@lovage/testing';
import { z } from 'zod';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const UNSET = {
  BROKER_URL: '',
  DEAD_LETTER_QUEUE: '',
  LOG_LEVEL: '',
  NODE_ENV: '',
  DATA_DIR: '',
  BEAT_CELERY_EVENTS: 'off',
};
const TASKS = 1500;

/** Where the messages are, and the settings that say so. */
interface Where {
  readonly queue: string;
  readonly brokerUrl?: string;
  readonly deadLetterQueue?: string;
}

function beat(db: TestDatabase, { brokerUrl = '', deadLetterQueue = '' }: Where): Promise<TestProcess> {
  const env = { ...UNSET, DATABASE_URL: db.url, BROKER_URL: brokerUrl, DEAD_LETTER_QUEUE: deadLetterQueue };
  return startTypeScript(MAIN, [], { env, ready: 'beat ready', ipc: true });
}

function suite(where: () => Where): void {
  test('two beats collect; one is killed in the middle: each dead letter is one, and every task has an end', async () => {
    const there = where();
    const { queue } = there;
    await using db = await testDatabase();
    const platform = await openPlatform({ databaseUrl: db.url, ...there, log: silentLog });
    await platform.start();
    try {
      const job = defineTask({
        name: 'test.job',
        input: z.strictObject({ n: z.number() }),
        output: z.null(),
        defaults: { queue },
      });
      const client = platform.client(new ContractRegistry([job]));
      const { broker } = platform;
      await broker.declare(queue);
      await broker.consume(queue, { prefetch: 50, onDelivery: (delivery) => delivery.nack({ requeue: false }) });
      const count = async (sql: string): Promise<number> => (await db.query<{ n: number }>(sql))[0]!.n;
      const deadLetters = (): Promise<number> => count('select count(*)::int as n from dead_letters');

      await using one = await beat(db, there);
      await using two = await beat(db, there);
      await eventually(() => one.messages.includes('ready') && two.messages.includes('ready'));
      const submits = Array.from({ length: TASKS }, (_, n) => client.submit(job, { n }, { awaitReply: false }));
      await eventually(async () => (await deadLetters()) >= 50, { timeoutMs: 20_000, everyMs: 5 });
      await one.kill();
      const atKill = await deadLetters();
      expect(atKill).toBeLessThan(TASKS);
      const ids = (await Promise.all(submits)).map(({ id }) => id);

      const live = 'select count(*)::int as n from tasks where finished_at is null';
      await eventually(async () => (await count(live)) === 0 && (await deadLetters()) >= TASKS, {
        timeoutMs: 40_000,
        everyMs: 100,
      });
      const written = await db.query<{ task_id: string }>('select task_id from dead_letters');
      expect(written.map(({ task_id }) => task_id).sort()).toEqual([...ids].sort());
      expect(
        await db.query('select state, error ->> $1 as type, count(*)::int as n from tasks group by 1, 2', ['type']),
      ).toEqual([{ state: 'FAILURE', type: 'MessageGivenUp', n: TASKS }]);
      two.signal('SIGTERM');
      expect(await two.exit).toEqual({ code: 0, signal: null });
      expect((await broker.depth(broker.deadLetterQueue)).ready).toBe(0);
    } finally {
      await platform.stop();
    }
  }, 120_000);
}

describe('dead letters: the broker in Postgres', () => suite(() => ({ queue: 'default' })));

describeWithRabbit('dead letters: RabbitMQ', (rabbit) => {
  suite(() => {
    const deadLetterQueue = rabbit.queue('dead');
    rabbit.alsoDeleteExchanges(deadLetterQueue);
    return { queue: rabbit.queue(), brokerUrl: rabbit.url, deadLetterQueue };
  });
});
