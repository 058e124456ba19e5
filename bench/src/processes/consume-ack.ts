// The reference where nothing is recorded: takes messages and acks them.
//   each: a prefetch of 100, an ack for each message · together: a prefetch of 1,000, one multiple ack for what one read brought
import { connect } from 'amqplib';
import { countRun } from './count-runs.ts';
import { IDEAL_QUEUE, QUORUM, SOCKET } from './ideal.ts';
import { tellReady } from './tell.ts';

const together = process.argv[2] === 'together';

const connection = await connect(process.env['BROKER_URL']!, SOCKET);
const channel = await connection.createChannel();
await channel.assertQueue(IDEAL_QUEUE, QUORUM);
await channel.prefetch(together ? 1000 : 100);
let acking = false;
await channel.consume(IDEAL_QUEUE, (message) => {
  countRun();
  if (!together) return channel.ack(message!);
  if (acking) return;
  acking = true;
  setImmediate(() => {
    acking = false;
    channel.ackAll();
  });
});
tellReady();
process.on('SIGTERM', () => process.exit(0));
