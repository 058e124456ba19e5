import { connect } from 'amqplib';
import { randomUUID } from 'node:crypto';
import { idealMessage, IDEAL_QUEUE, QUORUM, SOCKET } from '../processes/ideal.ts';
import { nowMs } from '../processes/tell.ts';

const EVERY_MS = 20;

/**
 * From now on publishes a message each 20 ms and waits for its confirm: what the server takes for that while it does whatever else is
 * measured. `stop` gives how long each took, ms.
 */
export async function watchConfirms(amqpUrl: string): Promise<{ stop(): Promise<number[]> }> {
  const connection = await connect(amqpUrl, SOCKET);
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(IDEAL_QUEUE, QUORUM);
  const took: number[] = [];
  const timer = setInterval(() => {
    const began = nowMs();
    const { body, options } = idealMessage(randomUUID(), 0);
    channel.publish('', IDEAL_QUEUE, body, options, (error: unknown) => {
      if (!error) took.push(nowMs() - began);
    });
  }, EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      await channel.waitForConfirms();
      await channel.deleteQueue(IDEAL_QUEUE);
      await connection.close();
      return took;
    },
  };
}
