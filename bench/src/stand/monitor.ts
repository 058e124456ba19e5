import { connect } from 'amqplib';

/** One who listens to Celery's events, as Flower does. */
export interface Monitor extends AsyncDisposable {
  /** Events of tasks that have come, and the messages that they came in. */
  readonly heard: { events: number; messages: number };
}

export async function openMonitor(amqpUrl: string): Promise<Monitor> {
  const connection = await connect(amqpUrl, { noDelay: true });
  const channel = await connection.createChannel();
  await channel.assertExchange('celeryev', 'topic', { durable: true });
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.bindQueue(queue, 'celeryev', '#');
  const heard = { events: 0, messages: 0 };
  const take = (content: Buffer): void => {
    const events = JSON.parse(content.toString()) as unknown;
    if (!Array.isArray(events) || events.length === 0) return;
    heard.events += events.length;
    heard.messages += 1;
  };
  await channel.consume(queue, (message) => message && take(message.content), { noAck: true });
  return { heard, [Symbol.asyncDispose]: () => connection.close() };
}
