import { Module, type DynamicModule } from '@nestjs/common';
import { TaskRoutes } from '@lovage/foundation';
import { CanvasQueues, CeleryCanvas } from '@lovage/canvas';
import { messageOfRow, prepareRow } from '@lovage/client';
import {
  BeatPresence,
  CeleryWatch,
  DeadLetterCollector,
  ForeignResults,
  HistoryCounter,
  OutboxRelay,
  Rescuer,
  Sweeper,
} from '@lovage/maintenance';
import type { Platform } from '@lovage/platform';
import { systemClock, type HistoryKept, type Log } from '@lovage/ports';
import { ScheduleRunner } from '@lovage/scheduler';
import { ContractRegistry, type AnyContract, type Schedule } from '@lovage/task';
import { CeleryUpkeep } from './celery-upkeep.ts';
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
  /** How long Celery's result backend keeps results, ms. Default one day. */
  readonly resultsExpireMs?: number | undefined;
  /** Whether Celery's workers and their tasks are shown. Default true. */
  readonly watchCelery?: boolean | undefined;
}

const DAY_MS = 86_400_000;
const KEPT: HistoryKept = { minutesMs: 30 * DAY_MS, hoursMs: 365 * DAY_MS };

/** Beat's application: what keeps the platform's promises while nobody submits and nobody runs. */
@Module({})
export class BeatModule {
  static create(
    platform: Platform,
    { schedules, contracts, routes, history = KEPT, resultsExpireMs, watchCelery = true }: BeatSchedules,
    log: Log,
  ): DynamicModule {
    const { broker, outbox, sweep, rescue, deadLetters, schedules: store } = platform;
    const relay = new OutboxRelay({ broker, outbox, messageOf: (row) => messageOfRow(row, broker), log });
    const sweeper = new Sweeper({ sweep, broker, log, onRequeued: () => relay.poke() });
    const rescuer = new Rescuer({ broker, rescue, log, onResent: () => relay.poke() });
    const registry = new ContractRegistry(contracts);
    const canvas = new CeleryCanvas({
      ...{ backend: platform.celeryBackend, tasks: platform.tasks, broker, clock: systemClock, log },
      queues: new CanvasQueues({
        ...{ consumes: () => false, serves: () => false, routes: routes ?? TaskRoutes.none, workers: platform.workers },
        ...{ contract: (name) => registry.find(name), clock: systemClock },
      }),
    });
    const collector = new DeadLetterCollector({ broker, deadLetters, canvas, log, onResent: () => relay.poke() });
    const foreign = new ForeignResults({ broker, foreign: platform.foreign, log });
    const celery = new CeleryUpkeep(platform, { foreign, expiresMs: resultsExpireMs, canvas, log });
    const watch = new CeleryWatch({ broker: watchCelery ? broker : {}, store: platform.celeryWatch, foreign, log });
    const prepare: typeof prepareRow = (contract, input, options, now) =>
      prepareRow(contract, input, options, now, routes);
    const runner = new ScheduleRunner({
      ...{ store, schedules, contracts: registry, prepare, log },
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
        { provide: ForeignResults, useValue: foreign },
        { provide: CeleryUpkeep, useValue: celery },
        { provide: CeleryWatch, useValue: watch },
        { provide: ScheduleRunner, useValue: runner },
        { provide: HistoryCounter, useValue: counter },
        { provide: BeatPresence, useValue: presence },
        ServicesRunner,
      ],
    };
  }
}
