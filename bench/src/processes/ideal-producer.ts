// The reference producer; see ideal.ts: submit N IN_FLIGHT · latency RATE N
import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { IDEAL_QUEUE, idealMessage, publishAll, QUORUM, SOCKET } from './ideal.ts';
import { latencies } from './pacing.ts';
import { nowMs, tellResult } from './tell.ts';

const [command, first, second] = process.argv.slice(2);
const connection = await connect(process.env['BROKER_URL']!, SOCKET);
const channel = await connection.createConfirmChannel();
await channel.assertQueue(IDEAL_QUEUE, QUORUM);

if (command === 'submit') {
  const start = nowMs();
  await publishAll(channel, Number(first), Number(second));
  tellResult({ start, end: nowMs() });
} else if (command === 'latency') {
  const rate = Number(first);
  const inbox = await channel.assertQueue('', { exclusive: true });
  const waiting = new Map<string, () => void>();
  await channel.consume(inbox.queue, (reply) => waiting.get(reply!.properties.correlationId as string)!(), {
    noAck: true,
  });
  const call = (i: number): Promise<void> =>
    new Promise((resolve) => {
      const id = randomUUID();
      waiting.set(id, () => {
        waiting.delete(id);
        resolve();
      });
      const { body, options } = idealMessage(id, i);
      channel.publish('', IDEAL_QUEUE, body, { ...options, replyTo: inbox.queue });
    });
  await latencies(rate, rate, call);
  tellResult({ took: await latencies(Number(second), rate, call) });
} else throw new Error(`no such command: ${command}`);
await connection.close();
process.exit(0);
