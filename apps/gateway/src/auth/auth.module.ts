import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { AccessChecks, Clock } from '@lovage/ports';
import { Audit } from '../audit/audit.service.ts';
import { CHECKS, CLOCK, type GatewayOptions, type GatewayPlatform, OPTIONS, PLATFORM } from '../deps.ts';
import { AccessGuard } from './access.guard.ts';
import { AccessTokens } from './access-tokens.ts';
import { AuthController } from './auth.controller.ts';
import { LoginLimiter } from './login-limiter.ts';
import { LoginService } from './login.service.ts';
import { Passwords } from './passwords.ts';
import { Rights } from './rights.ts';
import { SessionsController } from './sessions.controller.ts';
import { Sessions } from './sessions.service.ts';
import { Standings } from './standings.ts';

@Module({
  controllers: [AuthController, SessionsController],
  providers: [
    Audit,
    LoginService,
    Sessions,
    Passwords,
    {
      provide: LoginLimiter,
      useFactory: ({ rates }: GatewayPlatform, clock: Clock) => new LoginLimiter(rates, clock),
      inject: [PLATFORM, CLOCK],
    },
    {
      provide: AccessTokens,
      useFactory: (options: GatewayOptions, clock: Clock) => new AccessTokens(options.jwtSecret, clock),
      inject: [OPTIONS, CLOCK],
    },
    {
      provide: Standings,
      useFactory: (checks: AccessChecks, clock: Clock) => new Standings(checks, clock),
      inject: [CHECKS, CLOCK],
    },
    Rights,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [Audit, Passwords, LoginLimiter, Rights, Standings],
})
export class AuthModule {}
