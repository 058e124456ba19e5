// The reference where nothing is recorded: takes messages and acks them, one multiple ack for what one read brought.
import { connect } from 'amqplib';
import { countRun } from './count-runs.ts';
import { IDEAL_QUEUE, QUORUM, SOCKET } from './ideal.ts';
import { tellReady } from './tell.ts';

const PREFETCH = 1000;

const connection = await connect(process.env['BROKER_URL']!, SOCKET);
const channel = await connection.createChannel();
await channel.assertQueue(IDEAL_QUEUE, QUORUM);
await channel.prefetch(PREFETCH);
let acking = false;
await channel.consume(IDEAL_QUEUE, () => {
  countRun();
  if (acking) return;
  acking = true;
  setImmediate(() => {
    acking = false;
    channel.ackAll();
  });
});
tellReady();
process.on('SIGTERM', () => process.exit(0));
