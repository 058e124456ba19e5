import { Module } from '@nestjs/common';
import { QueuesController } from './queues.controller.ts';
import { QueuesService } from './queues.service.ts';

@Module({ controllers: [QueuesController], providers: [QueuesService], exports: [QueuesService] })
export class QueuesModule {}
