import { type DynamicModule, Module } from '@nestjs/common';
import { ApiKeysController } from './api-keys/api-keys.controller.ts';
import { AuditModule } from './audit/audit.module.ts';
import { AuthModule } from './auth/auth.module.ts';
import { BulkModule } from './bulk/bulk.module.ts';
import { ContractsController } from './contracts/contracts.controller.ts';
import { DeadLettersModule } from './dead-letters/dead-letters.module.ts';
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
import { LiveModule } from './live/live.module.ts';
import { LoadTestsController } from './load-tests/load-tests.controller.ts';
import { LoadTests } from './load-tests/load-tests.service.ts';
import { MetricsModule } from './metrics/metrics.module.ts';
import { PlatformModule } from './platform/platform.module.ts';
import { QueuesModule } from './queues/queues.module.ts';
import { ScalingController } from './scaling/scaling.controller.ts';
import { ScalingService } from './scaling/scaling.service.ts';
import { SchedulesModule } from './schedules/schedules.module.ts';
import { StatsController } from './stats/stats.controller.ts';
import { StatsService } from './stats/stats.service.ts';
import { TaskRoutesModule } from './tasks/tasks.module.ts';
import { UsersController } from './users/users.controller.ts';
import { UsersService } from './users/users.service.ts';
import { ViewsController } from './views/views.controller.ts';
import { ViewsService } from './views/views.service.ts';
import { WorkersModule } from './workers/workers.module.ts';

/** Everything the gateway serves. A family of routes has a module of its own once it shares parts with others, or makes some. */
@Module({})
export class GatewayModule {
  static of(deps: GatewayDeps, options: GatewayOptions, waits: OpenWaits): DynamicModule {
    return {
      module: GatewayModule,
      imports: [
        DepsModule.of(deps, options, waits),
        MetricsModule,
        AuthModule,
        AuditModule,
        TaskRoutesModule,
        SchedulesModule,
        QueuesModule,
        DeadLettersModule,
        BulkModule,
        WorkersModule,
        LiveModule,
        PlatformModule,
        FilesModule,
      ],
      controllers: [
        ...[UsersController, ApiKeysController, ContractsController, ScalingController, LimitsController],
        ...[ViewsController, LoadTestsController, StatsController, FailuresController, HealthController],
      ],
      providers: [
        ...[UsersService, ScalingService, LimitsService, ViewsService, LoadTests],
        ...[StatsService, FailuresService, Readiness],
      ],
    };
  }
}
