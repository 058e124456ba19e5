import { Module } from '@nestjs/common';
import { LoadTestsController } from './load-tests.controller.ts';
import { LoadTests } from './load-tests.service.ts';

@Module({ controllers: [LoadTestsController], providers: [LoadTests] })
export class LoadTestsModule {}
