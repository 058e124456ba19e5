import { Module } from '@nestjs/common';
import { BatchService } from './batch.service.ts';
import { TaskListController } from './list/task-list.controller.ts';
import { SteerService } from './steer.service.ts';
import { SubmitService } from './submit.service.ts';
import { TaskSteerController } from './task-steer.controller.ts';
import { TaskReader } from './task-reader.ts';
import { TasksController } from './tasks.controller.ts';

@Module({
  controllers: [TaskListController, TaskSteerController, TasksController],
  providers: [BatchService, SteerService, SubmitService, TaskReader],
})
export class TasksModule {}
