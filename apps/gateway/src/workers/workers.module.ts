import { Module } from '@nestjs/common';
import { WorkerControlController } from './worker-control.controller.ts';
import { WorkerControlService } from './worker-control.service.ts';
import { WorkersController } from './workers.controller.ts';
import { WorkersService } from './workers.service.ts';

@Module({
  controllers: [WorkersController, WorkerControlController],
  providers: [WorkersService, WorkerControlService],
  exports: [WorkersService],
})
export class WorkersModule {}
