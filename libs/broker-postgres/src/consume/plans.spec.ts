import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { testDatabase } from '@lovage/testing';
import { SETTINGS } from '../connection/connection.ts';
import { DELETE_ORPHANS } from '../queues/queues-sql.ts';
import { Brokers, message } from '../testing/brokers.ts';
import { ACK, REQUEUE, REFUSE, TAKE } from './consume-sql.ts';

const statements = {
  take: { ...TAKE, sample: `'q', 1, 200, 0, 562949953421312` },
  ack: { ...ACK, sample: `'q', '{1,2}', 1` },
  requeue: { ...REQUEUE, sample: `'q', '{1,2}', 1, true, 'channel'` },
  refuse: { ...REFUSE, sample: `'q', '{1,2}', 1, 'dead'` },
  'delete orphans': { ...DELETE_ORPHANS, sample: '' },
};

describe('plans', () => {
  test('made while the queue was empty still go by the index when it is long, and those made then too', async () => {
    await using db = await testDatabase({ migrated: false });
    await using brokers = new Brokers(db.url);
    const broker = await brokers.start();
    await broker.declare('q');
    const client = new pg.Client({ connectionString: db.url });
    await client.connect();
    try {
      await client.query(SETTINGS);
      const plan = async (name: string): Promise<string> => {
        const { sample } = statements[name as keyof typeof statements];
        const { rows } = await client.query<{ 'QUERY PLAN': string }>(
          `explain (costs off) execute "${name}"${sample && `(${sample})`}`,
        );
        return rows.map((row) => row['QUERY PLAN']).join('\n');
      };
      const plans = async (): Promise<Record<string, string>> => {
        const all: Record<string, string> = {};
        for (const name of Object.keys(statements)) all[name] = await plan(name);
        return all;
      };
      const check = (all: Record<string, string>): void => {
        for (const text of Object.values(all)) expect(text).not.toMatch(/(Seq|Bitmap Heap) Scan on messages/);
        // Every condition on the key is looked up, none is left to filter what was read.
        for (const text of Object.values(all)) expect(text).not.toMatch(/Filter: .*(queue_id|\bid = )/);
        expect(all['take']).toMatch(/Tid Scan on messages/);
        expect(all['take']).not.toMatch(/Sort/);
        expect(all['take']).toMatch(/Index Cond: \(\(queue_id = .+\) AND \(id > .+\)\)/);
        for (const name of ['ack', 'requeue', 'refuse']) {
          expect(all[name]).toMatch(/Tid Scan on messages/);
          expect(all[name]).toMatch(/Index Cond: \(\(queue_id = .+\) AND \(id = s.id\)\)/);
        }
        expect(all['delete orphans']).toMatch(/Index Cond: \(queue_id = ANY/);
      };
      for (const [name, { text }] of Object.entries(statements)) await client.query(`prepare "${name}" as ${text}`);
      await client.query('vacuum analyze lovage_broker.messages');
      const empty = await plans();
      check(empty);
      await Promise.all(Array.from({ length: 3000 }, () => broker.publish(message('q', 'x'))));
      expect(await plans()).toEqual(empty);
      await client.query('vacuum analyze lovage_broker.messages');
      check(await plans());
    } finally {
      await client.end();
    }
  });
});
