import { Inject, Injectable } from '@nestjs/common';
import type { LiveQuery, LiveTopic } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import { TERMINAL_STATES, type ContractRegistry, type TerminalState } from '@lovage/task';
import { CLOCK, CONTRACTS, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { PlatformService } from '../platform/platform.service.ts';
import { QueuesService } from '../queues/queues.service.ts';
import { filterOf } from '../tasks/list/filter.ts';
import { WorkersService } from '../workers/workers.service.ts';
import type { LiveSource } from './live-source.ts';
import { TaskSource } from './task-source.ts';
import { WholeSource } from './whole-source.ts';
import { WorkerSource } from './worker-source.ts';

/** Makes the sources that a query asks for. */
@Injectable()
export class LiveSources {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'lists' | 'live'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly queues: QueuesService,
    private readonly workers: WorkersService,
    private readonly overview: PlatformService,
  ) {}

  /** By what tells them apart: all clients of one filter share its source. */
  of({ topics, ...query }: Omit<LiveQuery, 'watch'>): Map<string, () => LiveSource> {
    const sources = new Map<string, () => LiveSource>();
    for (const topic of topics) {
      if (topic !== 'tasks') sources.set(topic, () => this.make(topic));
      else {
        const filter = filterOf(query, this.contracts);
        const given = Object.entries(filter).filter(([, value]) => value !== undefined);
        const key = JSON.stringify(given.sort(([a], [b]) => (a < b ? -1 : 1)));
        sources.set(`tasks ${key}`, () => new TaskSource(filter, this.platform.live, this.clock));
      }
    }
    return sources;
  }

  private make(topic: Exclude<LiveTopic, 'tasks'>): LiveSource {
    const { clock } = this;
    switch (topic) {
      case 'counts':
        return new WholeSource(topic, 500, () => this.platform.lists.counts(), clock);
      case 'throughput':
        return new WholeSource(topic, 1_000, () => this.throughput(), clock);
      case 'queues':
        return new WholeSource(topic, 2_000, () => this.queues.list(), clock);
      case 'platform':
        return new WholeSource(topic, 5_000, () => this.overview.read(), clock);
      case 'workers':
        return new WorkerSource(async () => (await this.workers.list(['live', 'stopping'])).items, clock);
    }
  }

  private async throughput() {
    const { seconds, started, ended } = await this.platform.live.throughput();
    const perSecond = (n: number): number => Math.round(n * 100) / 100;
    return {
      seconds,
      startedPerSecond: perSecond(started),
      endedPerSecond: Object.fromEntries(
        TERMINAL_STATES.map((state) => [state, perSecond(ended[state] ?? 0)]),
      ) as Record<TerminalState, number>,
    };
  }
}
