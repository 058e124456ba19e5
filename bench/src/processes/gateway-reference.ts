// The reference of the gateway: a bare Fastify that does what a 202 promises, and nothing else. A confirmed publish and a
// committed row, in batches; no login, no validation beyond a JSON schema, no options, no documents.
import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { Batcher } from '@lovage/foundation';
import { fastify } from 'fastify';
import pg from 'pg';
import { IDEAL_QUEUE, idealMessage, QUORUM, SOCKET } from './ideal.ts';
import { tellReady } from './tell.ts';

const db = new pg.Client({ connectionString: process.env['DATABASE_URL'] });
await db.connect();
await db.query(
  'create table if not exists ideal_accepted (id uuid primary key, input jsonb, created_at timestamptz default now())',
);
const connection = await connect(process.env['BROKER_URL']!, SOCKET);
const channel = await connection.createConfirmChannel();
await channel.assertQueue(IDEAL_QUEUE, QUORUM);

const rows = new Batcher<{ id: string; input: string }>({
  async flush(batch) {
    const values = [batch.map(({ id }) => id), batch.map(({ input }) => input)];
    await db.query({
      name: 'accept',
      text: 'insert into ideal_accepted (id, input) select * from unnest($1::uuid[], $2::jsonb[])',
      values,
    });
    return [];
  },
});

const app = fastify();
const input = {
  type: 'object',
  required: ['x', 'y'],
  properties: { x: { type: 'number' }, y: { type: 'number' } },
} as const;
const body = { type: 'object', required: ['input'], properties: { input } } as const;
app.post<{ Body: { input: { x: number; y: number } } }>('/tasks', { schema: { body } }, async (request, reply) => {
  const id = randomUUID();
  const message = idealMessage(id, request.body.input.x);
  await new Promise<void>((resolve, reject) => {
    channel.publish('', IDEAL_QUEUE, message.body, message.options, (error: unknown) =>
      error ? reject(error as Error) : resolve(),
    );
  });
  await rows.add({ id, input: JSON.stringify(request.body.input) });
  return reply.code(202).send({ id });
});
await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' });
tellReady();
process.on('SIGTERM', () => process.exit(0));
