import { Module, type DynamicModule } from '@nestjs/common';
import { messageOfRow } from '@lovage/client';
import { OutboxRelay, Sweeper } from '@lovage/maintenance';
import type { Platform } from '@lovage/platform';
import type { Log } from '@lovage/ports';
import { MaintenanceRunner } from './maintenance-runner.ts';

/** Beat's application: what keeps the platform's promises while nobody submits and nobody runs. */
@Module({})
export class BeatModule {
  static create(platform: Platform, log: Log): DynamicModule {
    const { broker, outbox, sweep } = platform;
    const relay = new OutboxRelay({ broker, outbox, messageOf: messageOfRow, log });
    const sweeper = new Sweeper({ sweep, log, onRequeued: () => relay.poke() });
    return {
      module: BeatModule,
      providers: [
        { provide: OutboxRelay, useValue: relay },
        { provide: Sweeper, useValue: sweeper },
        MaintenanceRunner,
      ],
    };
  }
}
