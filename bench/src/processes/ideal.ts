// The reference: what a program could do that knows this one job and nothing else. Confirmed publishes, many in flight;
// a consumer that commits results in batches, acks a batch at once and replies. No claim, no retry, no limits, no framework.
import { randomUUID } from 'node:crypto';
import type { ConfirmChannel, Options } from 'amqplib';

export const IDEAL_QUEUE = 'bench.ideal';
export const QUORUM: Options.AssertQueue = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
/** Without it a confirm waits for the kernel to gather bytes, 40 ms. */
export const SOCKET = { noDelay: true };

const EMBED = { callbacks: null, errbacks: null, chain: null, chord: null };

/** A task as Celery sends it: its headers are most of the bytes, and of the work to write and read them. */
export function idealMessage(id: string, x: number): { body: Buffer; options: Options.Publish } {
  const headers = {
    lang: 'js',
    task: 'bench.add',
    id,
    shadow: null,
    eta: null,
    expires: null,
    group: null,
    group_index: null,
    retries: 0,
    timelimit: [null, null],
    root_id: id,
    parent_id: null,
    argsrepr: '()',
    kwargsrepr: `{"x":${x},"y":1}`,
    origin: 'bench@host',
    ignore_result: false,
  };
  return {
    body: Buffer.from(JSON.stringify([[], { x, y: 1 }, EMBED])),
    options: {
      persistent: true,
      mandatory: true,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      correlationId: id,
      headers,
    },
  };
}

/** Publishes n tasks, at most `inFlight` unconfirmed; resolves when the broker has confirmed all. */
export function publishAll(channel: ConfirmChannel, n: number, inFlight: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let confirmed = 0;
    const publishNext = (): void => {
      const { body, options } = idealMessage(randomUUID(), sent);
      sent += 1;
      channel.publish('', IDEAL_QUEUE, body, options, (error: unknown) => {
        if (error) return reject(error as Error);
        confirmed += 1;
        if (confirmed === n) resolve();
        else if (sent < n) publishNext();
      });
    };
    for (let i = 0; i < Math.min(inFlight, n); i += 1) publishNext();
  });
}
