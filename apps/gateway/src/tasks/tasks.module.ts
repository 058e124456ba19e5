import { Module } from '@nestjs/common';
import { SubmitService } from './submit.service.ts';
import { TaskReader } from './task-reader.ts';
import { TasksController } from './tasks.controller.ts';

@Module({ controllers: [TasksController], providers: [SubmitService, TaskReader] })
export class TasksModule {}
