import { Module } from '@nestjs/common';
import { PlatformController } from './platform.controller.ts';
import { PlatformService } from './platform.service.ts';

@Module({ controllers: [PlatformController], providers: [PlatformService], exports: [PlatformService] })
export class PlatformModule {}
