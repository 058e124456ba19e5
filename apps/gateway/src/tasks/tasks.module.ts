import { Module } from '@nestjs/common';
import { TaskListController } from './list/task-list.controller.ts';
import { SubmitService } from './submit.service.ts';
import { TaskReader } from './task-reader.ts';
import { TasksController } from './tasks.controller.ts';

@Module({ controllers: [TaskListController, TasksController], providers: [SubmitService, TaskReader] })
export class TasksModule {}
