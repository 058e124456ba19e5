import { Module } from '@nestjs/common';
import type { Clock, Log, TaskEvents } from '@lovage/ports';
import { CLOCK, EVENTS, type GatewayOptions, LOG, OPTIONS } from '../deps.ts';
import { StreamLimits } from './events/stream-limits.ts';
import { TaskEventsController } from './events/task-events.controller.ts';
import { TaskFeed } from './events/task-feed.ts';
import { ExplainController } from './explain/explain.controller.ts';
import { BatchService } from './batch.service.ts';
import { TaskListController } from './list/task-list.controller.ts';
import { OpenQueues } from '../again/open-queues.ts';
import { RetryManyService } from './retry-many.service.ts';
import { SteerService } from './steer.service.ts';
import { SubmitLimiter } from './submit-limiter.ts';
import { SubmitService } from './submit.service.ts';
import { TaskSteerController } from './task-steer.controller.ts';
import { TaskReader } from './task-reader.ts';
import { TasksController } from './tasks.controller.ts';

@Module({
  controllers: [TaskListController, TaskSteerController, TaskEventsController, ExplainController, TasksController],
  providers: [
    BatchService,
    OpenQueues,
    RetryManyService,
    SteerService,
    SubmitService,
    TaskReader,
    {
      provide: SubmitLimiter,
      useFactory: (options: GatewayOptions, clock: Clock) => new SubmitLimiter(options.submitRate, clock),
      inject: [OPTIONS, CLOCK],
    },
    { provide: StreamLimits, useFactory: () => new StreamLimits() },
    {
      provide: TaskFeed,
      useFactory: (events: TaskEvents, clock: Clock, log: Log) => new TaskFeed(events, clock, log),
      inject: [EVENTS, CLOCK, LOG],
    },
  ],
})
export class TasksModule {}
