import { Module } from '@nestjs/common';
import type { Clock, Log } from '@lovage/ports';
import { AuthModule } from '../auth/auth.module.ts';
import { CLOCK, type GatewayPlatform, LOG, PLATFORM } from '../deps.ts';
import { StreamLimits } from '../http/stream-limits.ts';
import { TaskEventsController } from './events/task-events.controller.ts';
import { TaskFeed } from './events/task-feed.ts';
import { ExplainController } from './explain/explain.controller.ts';
import { BatchService } from './batch.service.ts';
import { TaskListController } from './list/task-list.controller.ts';
import { TextSearches } from './list/text-searches.ts';
import { OpenQueues } from '../bulk-retry/open-queues.ts';
import { RetryManyService } from './retry-many.service.ts';
import { SteerService } from './steer.service.ts';
import { SubmitLimiterModule } from './submit-limiter.module.ts';
import { SubmitService } from './submit.service.ts';
import { TaskSteerController } from './task-steer.controller.ts';
import { TaskReader } from './task-reader.ts';
import { TasksController } from './tasks.controller.ts';
import { WaitPlaces } from './wait-places.ts';

@Module({
  imports: [AuthModule, SubmitLimiterModule],
  controllers: [TaskListController, TaskSteerController, TaskEventsController, ExplainController, TasksController],
  providers: [
    BatchService,
    OpenQueues,
    RetryManyService,
    SteerService,
    SubmitService,
    TaskReader,
    TextSearches,
    { provide: StreamLimits, useFactory: () => new StreamLimits() },
    { provide: WaitPlaces, useFactory: () => new WaitPlaces() },
    {
      provide: TaskFeed,
      useFactory: ({ events }: GatewayPlatform, clock: Clock, log: Log) => new TaskFeed(events, clock, log),
      inject: [PLATFORM, CLOCK, LOG],
    },
  ],
  exports: [OpenQueues, RetryManyService, StreamLimits, TextSearches],
})
export class TaskRoutesModule {}
