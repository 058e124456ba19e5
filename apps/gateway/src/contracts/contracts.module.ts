import { Module } from '@nestjs/common';
import { ContractsController } from './contracts.controller.ts';

@Module({ controllers: [ContractsController] })
export class ContractsModule {}
