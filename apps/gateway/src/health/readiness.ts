import { Inject, Injectable } from '@nestjs/common';
import type { ReadyDocument } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import { CLOCK, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { OpenWaits } from '../http/open-waits.ts';

/** A probe wants to know now: a probe's own patience is often a second or two. */
const PING_DEADLINE_MS = 1_500;

/** Whether requests can be served. */
@Injectable()
export class Readiness {
  private asking: Promise<ReadyDocument['postgres']> | undefined;

  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'broker' | 'pingDatabase'>,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly waits: OpenWaits,
  ) {}

  async check(): Promise<ReadyDocument> {
    const postgres = await this.postgres();
    const broker = this.platform.broker.state;
    if (this.waits.stopping) return { status: 'stopping', postgres, broker };
    return { status: postgres === 'up' ? 'ready' : 'not_ready', postgres, broker };
  }

  /** One question to Postgres at a time, however many ask. */
  private postgres(): Promise<ReadyDocument['postgres']> {
    this.asking ??= withinDeadline(this.clock, this.platform.pingDatabase(), PING_DEADLINE_MS)
      .then(
        () => 'up' as const,
        () => 'down' as const,
      )
      .finally(() => (this.asking = undefined));
    return this.asking;
  }
}
