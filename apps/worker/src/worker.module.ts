import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { LovageClient } from '@lovage/client';
import { LovageModule } from '@lovage/nest';
import { TasksModule } from '@lovage/tasks';

/** The worker's application: the handlers that ship, and whatever modules a deployment adds. */
@Module({})
export class WorkerModule {
  static create(client: LovageClient, modules: readonly Type[] = [TasksModule]): DynamicModule {
    return { module: WorkerModule, imports: [LovageModule.forWorker({ client }), ...modules] };
  }
}
