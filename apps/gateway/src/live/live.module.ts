import { Module } from '@nestjs/common';
import type { Clock, Log } from '@lovage/ports';
import { AuthModule } from '../auth/auth.module.ts';
import { CLOCK, LOG } from '../deps.ts';
import { PlatformModule } from '../platform/platform.module.ts';
import { QueuesModule } from '../queues/queues.module.ts';
import { TaskRoutesModule } from '../tasks/tasks.module.ts';
import { WorkersModule } from '../workers/workers.module.ts';
import { LiveController } from './live.controller.ts';
import { LiveReader } from './live-reader.ts';
import { LiveSources } from './live-sources.ts';

@Module({
  imports: [AuthModule, PlatformModule, QueuesModule, TaskRoutesModule, WorkersModule],
  controllers: [LiveController],
  providers: [
    LiveSources,
    { provide: LiveReader, useFactory: (clock: Clock, log: Log) => new LiveReader(clock, log), inject: [CLOCK, LOG] },
  ],
})
export class LiveModule {}
