import { type DynamicModule, Module } from '@nestjs/common';
import { ApiKeysController } from './api-keys/api-keys.controller.ts';
import { AuditController } from './audit/audit.controller.ts';
import { AuthModule } from './auth/auth.module.ts';
import { BulkActions } from './bulk/bulk-actions.ts';
import { BulkController } from './bulk/bulk.controller.ts';
import { BulkRunner } from './bulk/bulk-runner.ts';
import { BulkService } from './bulk/bulk.service.ts';
import { BulkTargets } from './bulk/bulk-targets.ts';
import { ContractsController } from './contracts/contracts.controller.ts';
import { DeadLettersController } from './dead-letters/dead-letters.controller.ts';
import { DeadLettersService } from './dead-letters/dead-letters.service.ts';
import type { GatewayDeps, GatewayOptions } from './deps.ts';
import { DepsModule } from './deps.module.ts';
import { FailuresController } from './failures/failures.controller.ts';
import { FailuresService } from './failures/failures.service.ts';
import { FilesModule } from './files/files.module.ts';
import { HealthController } from './health/health.controller.ts';
import { Readiness } from './health/readiness.ts';
import type { OpenWaits } from './http/open-waits.ts';
import { LimitsController } from './limits/limits.controller.ts';
import { LimitsService } from './limits/limits.service.ts';
import { LiveController } from './live/live.controller.ts';
import { LiveReader } from './live/live-reader.ts';
import { LiveSources } from './live/live-sources.ts';
import { LoadTestsController } from './load-tests/load-tests.controller.ts';
import { LoadTests } from './load-tests/load-tests.service.ts';
import { MetricsModule } from './metrics/metrics.module.ts';
import { PlatformController } from './platform/platform.controller.ts';
import { PlatformService } from './platform/platform.service.ts';
import { QueuesController } from './queues/queues.controller.ts';
import { QueuesService } from './queues/queues.service.ts';
import { ScalingController } from './scaling/scaling.controller.ts';
import { ScalingService } from './scaling/scaling.service.ts';
import { OwnSchedulesService } from './schedules/own-schedules.service.ts';
import { SchedulesController } from './schedules/schedules.controller.ts';
import { SchedulesService } from './schedules/schedules.service.ts';
import { StatsController } from './stats/stats.controller.ts';
import { StatsService } from './stats/stats.service.ts';
import { SubmitLimiterModule } from './tasks/submit-limiter.module.ts';
import { TaskRoutesModule } from './tasks/tasks.module.ts';
import { UsersController } from './users/users.controller.ts';
import { UsersService } from './users/users.service.ts';
import { ViewsController } from './views/views.controller.ts';
import { ViewsService } from './views/views.service.ts';
import { WorkerControlController } from './workers/worker-control.controller.ts';
import { WorkerControlService } from './workers/worker-control.service.ts';
import { WorkersController } from './workers/workers.controller.ts';
import { WorkersService } from './workers/workers.service.ts';

/** Everything the gateway serves. What has a module of its own gives parts to other modules, or makes some from options. */
@Module({})
export class GatewayModule {
  static of(deps: GatewayDeps, options: GatewayOptions, waits: OpenWaits): DynamicModule {
    return {
      module: GatewayModule,
      imports: [
        DepsModule.of(deps, options, waits),
        MetricsModule,
        AuthModule,
        SubmitLimiterModule,
        TaskRoutesModule,
        FilesModule,
      ],
      controllers: [
        ...[UsersController, ApiKeysController, AuditController, ContractsController, SchedulesController],
        ...[QueuesController, ScalingController, LimitsController, DeadLettersController, BulkController],
        ...[WorkersController, WorkerControlController, LiveController, PlatformController, ViewsController],
        ...[LoadTestsController, StatsController, FailuresController, HealthController],
      ],
      providers: [
        ...[UsersService, SchedulesService, OwnSchedulesService, QueuesService, ScalingService, LimitsService],
        ...[DeadLettersService, BulkActions, BulkRunner, BulkService, BulkTargets, WorkersService],
        ...[WorkerControlService, LiveReader, LiveSources, PlatformService, ViewsService, LoadTests],
        ...[StatsService, FailuresService, Readiness],
      ],
    };
  }
}
