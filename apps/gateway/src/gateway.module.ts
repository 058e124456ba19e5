import { type DynamicModule, Module } from '@nestjs/common';
import { ApiKeysModule } from './api-keys/api-keys.module.ts';
import { AuditModule } from './audit/audit.module.ts';
import { AuthModule } from './auth/auth.module.ts';
import { BulkModule } from './bulk/bulk.module.ts';
import { ContractsModule } from './contracts/contracts.module.ts';
import { DeadLettersModule } from './dead-letters/dead-letters.module.ts';
import type { GatewayDeps, GatewayOptions } from './deps.ts';
import { DepsModule } from './deps.module.ts';
import { FilesModule } from './files/files.module.ts';
import { HealthModule } from './health/health.module.ts';
import type { OpenWaits } from './http/open-waits.ts';
import { LiveModule } from './live/live.module.ts';
import { LimitsModule } from './limits/limits.module.ts';
import { LoadTestsModule } from './load-tests/load-tests.module.ts';
import { MetricsModule } from './metrics/metrics.module.ts';
import { PlatformModule } from './platform/platform.module.ts';
import { QueuesModule } from './queues/queues.module.ts';
import { ScalingModule } from './scaling/scaling.module.ts';
import { SchedulesModule } from './schedules/schedules.module.ts';
import { StatsModule } from './stats/stats.module.ts';
import { TaskRoutesModule } from './tasks/tasks.module.ts';
import { UsersModule } from './users/users.module.ts';
import { ViewsModule } from './views/views.module.ts';
import { WorkersModule } from './workers/workers.module.ts';

/** Everything the gateway serves; a further family of routes is a further module here. */
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
        UsersModule,
        ApiKeysModule,
        ContractsModule,
        TaskRoutesModule,
        SchedulesModule,
        QueuesModule,
        ScalingModule,
        LimitsModule,
        DeadLettersModule,
        BulkModule,
        ViewsModule,
        LoadTestsModule,
        WorkersModule,
        LiveModule,
        PlatformModule,
        StatsModule,
        FilesModule,
        HealthModule,
      ],
    };
  }
}
