import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import {
  BeatPresence,
  CeleryWatch,
  DeadLetterCollector,
  ForeignResults,
  HistoryCounter,
  OutboxRelay,
  Rescuer,
  Sweeper,
} from '@lovage/maintenance';
import { ScheduleRunner } from '@lovage/scheduler';
import { CeleryUpkeep } from './celery-upkeep.ts';

/** Starts the services with the application and stops them, in reverse, with it. */
@Injectable()
export class ServicesRunner implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly relay: OutboxRelay,
    private readonly sweeper: Sweeper,
    private readonly rescuer: Rescuer,
    private readonly deadLetters: DeadLetterCollector,
    private readonly foreign: ForeignResults,
    private readonly celery: CeleryUpkeep,
    private readonly watch: CeleryWatch,
    private readonly schedules: ScheduleRunner,
    private readonly history: HistoryCounter,
    private readonly presence: BeatPresence,
  ) {}

  /** All of them, or none: Nest calls no hook of an application whose start failed. */
  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.relay.start();
      await this.sweeper.start();
      await this.rescuer.start();
      await this.deadLetters.start();
      await this.foreign.start();
      await this.celery.start();
      await this.watch.start();
      await this.schedules.start();
      await this.history.start();
      await this.presence.start();
    } catch (error) {
      await this.onApplicationShutdown();
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.presence.stop();
    await this.history.stop();
    await this.schedules.stop();
    await this.watch.stop();
    await this.celery.stop();
    await this.foreign.stop();
    await this.deadLetters.stop();
    await this.rescuer.stop();
    await this.sweeper.stop();
    await this.relay.stop();
  }
}
