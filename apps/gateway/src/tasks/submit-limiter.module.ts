import { Module } from '@nestjs/common';
import type { Clock } from '@lovage/ports';
import { CLOCK, type GatewayOptions, type GatewayPlatform, OPTIONS, PLATFORM } from '../deps.ts';
import { SubmitLimiter } from './submit-limiter.ts';

/** The one allowance of each user, for all modules that make tasks. */
@Module({
  providers: [
    {
      provide: SubmitLimiter,
      useFactory: (options: GatewayOptions, { rates }: GatewayPlatform, clock: Clock) =>
        new SubmitLimiter(options.submitRate, rates, clock),
      inject: [OPTIONS, PLATFORM, CLOCK],
    },
  ],
  exports: [SubmitLimiter],
})
export class SubmitLimiterModule {}
