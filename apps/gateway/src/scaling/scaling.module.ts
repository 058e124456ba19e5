import { Module } from '@nestjs/common';
import { ScalingController } from './scaling.controller.ts';
import { ScalingService } from './scaling.service.ts';

@Module({ controllers: [ScalingController], providers: [ScalingService] })
export class ScalingModule {}
