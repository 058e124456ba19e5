import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TaskRoutes } from '@lovage/foundation';
import {
  ACCESS,
  BEATS,
  BROKER,
  BULK,
  CHECKS,
  CLIENT,
  CLOCK,
  CONTRACTS,
  DEAD_LETTERS,
  type GatewayDeps,
  type GatewayOptions,
  EVENTS,
  EXPLAIN,
  FILES,
  GAPS,
  HISTORY,
  LIMITS,
  LIVE,
  LISTS,
  LOAD_TESTS,
  LOG,
  OPTIONS,
  PING,
  QUEUES,
  ROUTES,
  SCHEDULES,
  TASKS,
  USERS,
  VIEWS,
  WORKERS,
} from './deps.ts';
import { OpenWaits } from './http/open-waits.ts';

/** Makes {@link GatewayDeps} injectable everywhere. */
@Global()
@Module({})
export class DepsModule {
  static of(deps: GatewayDeps, options: GatewayOptions, waits: OpenWaits): DynamicModule {
    const providers = [
      { provide: CLIENT, useValue: deps.client },
      { provide: TASKS, useValue: deps.tasks },
      { provide: LISTS, useValue: deps.lists },
      { provide: SCHEDULES, useValue: deps.schedules },
      { provide: EVENTS, useValue: deps.events },
      { provide: QUEUES, useValue: deps.queues },
      { provide: WORKERS, useValue: deps.workers },
      { provide: LIVE, useValue: deps.live },
      { provide: BEATS, useValue: deps.beats },
      { provide: LIMITS, useValue: deps.limits },
      { provide: DEAD_LETTERS, useValue: deps.deadLetters },
      { provide: BULK, useValue: deps.bulk },
      { provide: VIEWS, useValue: deps.views },
      { provide: LOAD_TESTS, useValue: deps.loadTests },
      { provide: EXPLAIN, useValue: deps.explain },
      { provide: FILES, useValue: deps.files },
      { provide: HISTORY, useValue: deps.stats },
      { provide: GAPS, useValue: deps.gaps },
      { provide: USERS, useValue: deps.users },
      { provide: ACCESS, useValue: deps.access },
      { provide: CHECKS, useValue: deps.checks },
      { provide: CONTRACTS, useValue: deps.contracts },
      { provide: ROUTES, useValue: deps.routes ?? TaskRoutes.none },
      { provide: BROKER, useValue: deps.broker },
      { provide: PING, useValue: () => deps.ping() },
      { provide: LOG, useValue: deps.log },
      { provide: CLOCK, useValue: deps.clock },
      { provide: OPTIONS, useValue: options },
      { provide: OpenWaits, useValue: waits },
    ];
    return { module: DepsModule, providers, exports: providers };
  }
}
