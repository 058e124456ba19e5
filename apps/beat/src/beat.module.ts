import { Module, type DynamicModule } from '@nestjs/common';
import type { TaskRoutes } from '@lovage/foundation';
import { messageOfRow, prepareRow } from '@lovage/client';
import { BeatPresence, DeadLetterCollector, HistoryCounter, OutboxRelay, Rescuer, Sweeper } from '@lovage/maintenance';
import type { Platform } from '@lovage/platform';
import type { HistoryKept, Log } from '@lovage/ports';
import { ScheduleRunner } from '@lovage/scheduler';
import { ContractRegistry, type AnyContract, type Schedule } from '@lovage/task';
import { ServicesRunner } from './services-runner.ts';

/** What beat fires. */
export interface BeatSchedules {
  readonly schedules: readonly Schedule[];
  /** What they may run. */
  readonly contracts: readonly AnyContract[];
  /** Where tasks go whose schedules name no queue. Default: where their contracts say. */
  readonly routes?: TaskRoutes;
  /** How long counts of ended tasks are kept. Default: minutes 30 days, hours a year. */
  readonly history?: HistoryKept;
}

const DAY_MS = 86_400_000;
const KEPT: HistoryKept = { minutesMs: 30 * DAY_MS, hoursMs: 365 * DAY_MS };

/** Beat's application: what keeps the platform's promises while nobody submits and nobody runs. */
@Module({})
export class BeatModule {
  static create(
    platform: Platform,
    { schedules, contracts, routes, history = KEPT }: BeatSchedules,
    log: Log,
  ): DynamicModule {
    const { broker, outbox, sweep, rescue, deadLetters: letters, schedules: store } = platform;
    const relay = new OutboxRelay({ broker, outbox, messageOf: messageOfRow, log });
    const sweeper = new Sweeper({ sweep, log, onRequeued: () => relay.poke() });
    const rescuer = new Rescuer({ broker, rescue, log, onSentAgain: () => relay.poke() });
    const collector = new DeadLetterCollector({ broker, letters, log, onSentAgain: () => relay.poke() });
    const prepare: typeof prepareRow = (contract, input, options, now) =>
      prepareRow(contract, input, options, now, routes);
    const runner = new ScheduleRunner({
      ...{ store, schedules, contracts: new ContractRegistry(contracts), prepare, log },
      onFired: () => relay.poke(),
    });
    const counter = new HistoryCounter({ history: platform.history, kept: history, log });
    const presence = new BeatPresence({ beats: platform.beats, log });
    return {
      module: BeatModule,
      providers: [
        { provide: OutboxRelay, useValue: relay },
        { provide: Sweeper, useValue: sweeper },
        { provide: Rescuer, useValue: rescuer },
        { provide: DeadLetterCollector, useValue: collector },
        { provide: ScheduleRunner, useValue: runner },
        { provide: HistoryCounter, useValue: counter },
        { provide: BeatPresence, useValue: presence },
        ServicesRunner,
      ],
    };
  }
}
