import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.ts';
import { DeadLettersModule } from '../dead-letters/dead-letters.module.ts';
import { SubmitLimiterModule } from '../tasks/submit-limiter.module.ts';
import { TaskRoutesModule } from '../tasks/tasks.module.ts';
import { BulkActions } from './bulk-actions.ts';
import { BulkController } from './bulk.controller.ts';
import { BulkRunner } from './bulk-runner.ts';
import { BulkService } from './bulk.service.ts';
import { BulkTargets } from './bulk-targets.ts';

@Module({
  imports: [AuthModule, DeadLettersModule, SubmitLimiterModule, TaskRoutesModule],
  controllers: [BulkController],
  providers: [BulkActions, BulkRunner, BulkService, BulkTargets],
})
export class BulkModule {}
