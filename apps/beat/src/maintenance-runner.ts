import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { OutboxRelay, Sweeper } from '@lovage/maintenance';

/** Starts the services with the application and stops them, in reverse, with it. */
@Injectable()
export class MaintenanceRunner implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly relay: OutboxRelay,
    private readonly sweeper: Sweeper,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.relay.start();
    await this.sweeper.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.sweeper.stop();
    await this.relay.stop();
  }
}
