import { Inject, Injectable } from '@nestjs/common';
import type { PlatformDocument } from '@lovage/http-api';
import type { KnownBeat } from '@lovage/ports';
import { type GatewayPlatform, PLATFORM } from '../deps.ts';

/** Reads how the parts do that nobody submits to. */
@Injectable()
export class PlatformService {
  constructor(@Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'lists' | 'beats' | 'broker'>) {}

  async read(): Promise<PlatformDocument> {
    const { outbox, workers, deadLetters } = await this.platform.lists.gauges();
    const beats = await this.platform.beats.list();
    return {
      broker: this.platform.broker.state,
      outbox,
      beats: beats.map(beatDocument),
      workers,
      deadLetters: [...deadLetters],
    };
  }
}

function beatDocument({ host, pid, startedAt, seenAt, alive }: KnownBeat): PlatformDocument['beats'][number] {
  return {
    ...{ host, pid, alive },
    startedAt: new Date(startedAt).toISOString(),
    seenAt: new Date(seenAt).toISOString(),
  };
}
