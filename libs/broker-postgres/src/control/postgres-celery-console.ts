import { textArray, toError } from '@lovage/foundation';
import type { CeleryConsole, CeleryConsoleOptions, Log } from '@lovage/ports';
import type { StatementRunner } from '../connection/statement.ts';
import { NotifiedInbox } from '../replies/notified-inbox.ts';
import { NOTIFY } from '../replies/replies-sql.ts';
import { writePayload } from '../replies/reply-payload.ts';
import type { BrokerSession } from '../sessions/broker-session.ts';
import type { Channels } from '../sessions/channels.ts';
import { CONTROL_CHANNEL, readControl, writeControl } from './control-wire.ts';

export interface PostgresCeleryConsoleOptions extends CeleryConsoleOptions {
  readonly channels: Channels;
  /** Undefined while the connection is away. */
  readonly session: () => BrokerSession | undefined;
  /** For requests, and for answers that are too large for a notification. */
  readonly runner: StatementRunner;
  readonly log: Log;
}

/** Notifies all workers of a request, and has an inbox for their answers. */
export class PostgresCeleryConsole implements CeleryConsole {
  private readonly inbox: NotifiedInbox;

  constructor(private readonly options: PostgresCeleryConsoleOptions) {
    const { runner, onReply, log } = options;
    const onAnswer = (body: Buffer): void => {
      const message = readControl(body);
      if (message) onReply(message);
    };
    this.inbox = new NotifiedInbox(runner, ({ body }) => onAnswer(body), log);
  }

  get address(): string {
    return this.inbox.address;
  }

  /** @throws ConnectionLostError NotSentError */
  async start(session: BrokerSession): Promise<void> {
    const { address, onPayload } = this.inbox;
    await this.options.channels.add(session, address, onPayload);
  }

  request(body: Buffer, headers: Readonly<Record<string, unknown>>): boolean {
    const { session, runner, log } = this.options;
    const payload = writePayload('', writeControl(body, headers));
    if (payload === undefined || !session()) return false;
    runner
      .run(NOTIFY, [textArray([CONTROL_CHANNEL]), textArray([payload])])
      .catch((error: unknown) => log.debug({ err: toError(error) }, 'a request to workers was dropped'));
    return true;
  }

  async close(): Promise<void> {
    const { session, channels } = this.options;
    const { address, onPayload } = this.inbox;
    await channels.remove(session(), address, onPayload).catch(() => undefined);
  }
}
