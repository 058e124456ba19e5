import { Batcher, plainArray, toError } from '@lovage/foundation';
import type { Log, Reply } from '@lovage/ports';
import type { StatementRunner } from '../connection/statement.ts';
import { newAddress } from './address.ts';
import { FETCH_REPLIES } from './replies-sql.ts';
import { readPayload } from './reply-payload.ts';

/** Receives the replies to this process. */
export class NotifiedInbox {
  readonly address = newAddress();
  private readonly bodies: Batcher<number, Buffer | undefined>;

  constructor(
    runner: StatementRunner,
    private readonly onReply: (reply: Reply) => void,
    private readonly log: Log,
  ) {
    this.bodies = new Batcher({
      // Stored bodies are large: not too many of them in one answer.
      maxSize: 20,
      flush: async (numbers) => {
        const rows = await runner.run(FETCH_REPLIES, [this.address, plainArray(numbers)]);
        const byNumber = new Map(rows.map((row) => [row[0] as number, row[1] as Buffer]));
        return numbers.map((number) => byNumber.get(number));
      },
    });
  }

  /** Takes a notification on the inbox's channel. Anybody may send one: what is not ours is passed over. */
  readonly onPayload = (payload: string): void => {
    const reply = readPayload(payload);
    if (!reply) return;
    if ('body' in reply) this.tell(reply);
    else void this.fetch(reply.correlationId, reply.stored);
  };

  private async fetch(correlationId: string, number: number): Promise<void> {
    try {
      const body = await this.bodies.add(number);
      if (body) this.tell({ correlationId, body });
    } catch (error) {
      this.log.debug({ err: error, correlationId }, 'a stored reply could not be read');
    }
  }

  private tell(reply: Reply): void {
    try {
      this.onReply(reply);
    } catch (error) {
      this.log.error({ err: toError(error), correlationId: reply.correlationId }, 'a listener of replies threw');
    }
  }
}
