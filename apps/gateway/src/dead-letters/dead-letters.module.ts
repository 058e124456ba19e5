import { Module } from '@nestjs/common';
import { OpenQueues } from '../again/open-queues.ts';
import { DeadLettersController } from './dead-letters.controller.ts';
import { DeadLettersService } from './dead-letters.service.ts';

@Module({ controllers: [DeadLettersController], providers: [DeadLettersService, OpenQueues] })
export class DeadLettersModule {}
