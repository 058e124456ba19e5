import { Module } from '@nestjs/common';
import { FailuresController } from '../failures/failures.controller.ts';
import { FailuresService } from '../failures/failures.service.ts';
import { StatsController } from './stats.controller.ts';
import { StatsService } from './stats.service.ts';

/** The history of what has ended. */
@Module({ controllers: [StatsController, FailuresController], providers: [StatsService, FailuresService] })
export class StatsModule {}
