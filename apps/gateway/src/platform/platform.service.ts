import { Inject, Injectable } from '@nestjs/common';
import type { PlatformDocument } from '@lovage/http-api';
import type { BeatStore, Broker, Clock, KnownBeat, TaskLists } from '@lovage/ports';
import { BEATS, BROKER, CLOCK, LISTS } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';

/** Reads how the parts do that nobody submits to. */
@Injectable()
export class PlatformService {
  constructor(
    @Inject(LISTS) private readonly lists: Pick<TaskLists, 'gauges'>,
    @Inject(BEATS) private readonly beats: Pick<BeatStore, 'list'>,
    @Inject(BROKER) private readonly broker: Pick<Broker, 'state'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async read(): Promise<PlatformDocument> {
    const { outbox, workers, deadLetters } = await withinDeadline(this.clock, this.lists.gauges());
    const beats = await withinDeadline(this.clock, this.beats.list());
    return {
      broker: this.broker.state,
      outbox,
      beats: beats.map(beatDocument),
      workers,
      deadLetters: deadLetters.map(({ reason, letters }) => ({ reason, n: letters })),
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
