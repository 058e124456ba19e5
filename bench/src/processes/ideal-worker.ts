// The reference worker; see ideal.ts.
import { connect, type ConsumeMessage } from 'amqplib';
import pg from 'pg';
import { IDEAL_QUEUE, QUORUM, SOCKET } from './ideal.ts';
import { tellReady } from './tell.ts';

const PREFETCH = 1000;
const LARGEST_BATCH = 100;
const WRITE = `insert into ideal_results (id, state, result, finished_at)
  select id, 'SUCCESS', result, now() from unnest($1::uuid[], $2::jsonb[]) as t (id, result)
  on conflict (id) do update set state = excluded.state, result = excluded.result, finished_at = excluded.finished_at`;

interface Done {
  readonly message: ConsumeMessage;
  readonly id: string;
  readonly result: string;
}

const db = new pg.Client({ connectionString: process.env['DATABASE_URL'] });
await db.connect();
const connection = await connect(process.env['BROKER_URL']!, SOCKET);
const channel = await connection.createChannel();
const replies = await connection.createChannel();
await channel.assertQueue(IDEAL_QUEUE, QUORUM);
await channel.prefetch(PREFETCH);

const done: Done[] = [];
let writing = false;

/** One batch is being written; the next takes what has gathered meanwhile. */
async function write(): Promise<void> {
  if (writing) return;
  writing = true;
  while (done.length > 0) {
    const batch = done.splice(0, LARGEST_BATCH);
    await db.query({
      name: 'write',
      text: WRITE,
      values: [batch.map(({ id }) => id), batch.map(({ result }) => result)],
    });
    channel.ack(batch.at(-1)!.message, true);
    for (const { message, id, result } of batch)
      if (message.properties.replyTo)
        replies.sendToQueue(message.properties.replyTo as string, Buffer.from(result), { correlationId: id });
  }
  writing = false;
}

await channel.consume(IDEAL_QUEUE, (message) => {
  if (!message) return;
  const [, { x, y }] = JSON.parse(message.content.toString()) as [unknown, { x: number; y: number }];
  done.push({ message, id: message.properties.headers!['id'] as string, result: JSON.stringify(x + y) });
  // What one read from the socket brought goes into one batch.
  if (done.length === 1) setImmediate(() => void write());
});
tellReady();
process.on('SIGTERM', () => process.exit(0));
