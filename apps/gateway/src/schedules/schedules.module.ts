import { Module } from '@nestjs/common';
import { SubmitLimiterModule } from '../tasks/submit-limiter.module.ts';
import { OwnSchedulesService } from './own-schedules.service.ts';
import { SchedulesController } from './schedules.controller.ts';
import { SchedulesService } from './schedules.service.ts';

@Module({
  imports: [SubmitLimiterModule],
  controllers: [SchedulesController],
  providers: [SchedulesService, OwnSchedulesService],
})
export class SchedulesModule {}
