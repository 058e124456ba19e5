import { Module } from '@nestjs/common';
import type { Clock } from '@lovage/ports';
import { CLOCK, type GatewayOptions, OPTIONS } from '../deps.ts';
import { SubmitLimiter } from './submit-limiter.ts';

/** The one allowance of each user, for all modules that make tasks. */
@Module({
  providers: [
    {
      provide: SubmitLimiter,
      useFactory: (options: GatewayOptions, clock: Clock) => new SubmitLimiter(options.submitRate, clock),
      inject: [OPTIONS, CLOCK],
    },
  ],
  exports: [SubmitLimiter],
})
export class SubmitLimiterModule {}
