import { Module, type DynamicModule, type Type } from '@nestjs/common';
import type { LovageClient } from '@lovage/client';
import { LovageModule } from '@lovage/nest';

/** The worker's application: the modules that bring the handlers, such as those that ship. */
@Module({})
export class WorkerModule {
  static create(client: LovageClient, modules: readonly (Type | DynamicModule)[]): DynamicModule {
    return { module: WorkerModule, imports: [LovageModule.forWorker({ client }), ...modules] };
  }
}
