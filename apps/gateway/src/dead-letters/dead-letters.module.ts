import { Module } from '@nestjs/common';
import { OpenQueues } from '../bulk-retry/open-queues.ts';
import { SubmitLimiterModule } from '../tasks/submit-limiter.module.ts';
import { DeadLettersController } from './dead-letters.controller.ts';
import { DeadLettersService } from './dead-letters.service.ts';

@Module({
  imports: [SubmitLimiterModule],
  controllers: [DeadLettersController],
  providers: [DeadLettersService, OpenQueues],
  exports: [DeadLettersService],
})
export class DeadLettersModule {}
