import { NestFactory } from '@nestjs/core';
import { NestLog } from '@lovage/nest';
import { openPlatform, type Platform } from '@lovage/platform';
import type { Log } from '@lovage/ports';
import type { Settings } from '@lovage/settings';
import { BeatModule, type BeatSchedules } from './beat.module.ts';

export interface BeatAppOptions extends Omit<BeatSchedules, 'routes' | 'history' | 'resultsExpireMs' | 'watchCelery'> {
  readonly settings: Pick<Settings, 'brokerUrl' | 'routes'> &
    Partial<Pick<Settings, 'deadLetterQueue' | 'history' | 'celery' | 'watchCelery'>> & {
      readonly databaseUrl: string;
    };
  readonly log: Log;
}

/** A running beat. */
export interface BeatApp {
  readonly platform: Platform;
  stop(): Promise<void>;
}

/**
 * Fires schedules, relays the outbox and sweeps, beside any number of others that do. What was opened is closed again when a later step fails.
 * @throws StoreUnavailableError BrokerUnavailableError SchemaMissingError
 */
export async function startBeat({ settings, log, ...fires }: BeatAppOptions): Promise<BeatApp> {
  const { databaseUrl, brokerUrl, deadLetterQueue, routes, history, celery, watchCelery } = settings;
  const platform = await openPlatform({
    ...{ databaseUrl, brokerUrl, deadLetterQueue, log, celery },
    applicationName: 'lovage-beat',
  });
  try {
    await platform.start();
    const logger = new NestLog(log);
    const app = await NestFactory.createApplicationContext(
      BeatModule.create(
        platform,
        { ...fires, routes, history, watchCelery, resultsExpireMs: celery?.backend?.expiresMs },
        log,
      ),
      { logger, abortOnError: false },
    );
    log.info({ broker: platform.broker.displayUrl }, 'beat ready');
    return {
      platform,
      async stop() {
        log.info({}, 'beat stopping');
        await app.close();
        await platform.stop();
      },
    };
  } catch (error) {
    await platform.stop();
    throw error;
  }
}
