import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TaskRoutes } from '@lovage/foundation';
import {
  ACCESS,
  CHECKS,
  CLIENT,
  CLOCK,
  CONTRACTS,
  type GatewayDeps,
  type GatewayOptions,
  LOG,
  OPTIONS,
  PLATFORM,
  ROUTES,
  USERS,
} from './deps.ts';
import { OpenWaits } from './http/open-waits.ts';

/** Makes {@link GatewayDeps} injectable everywhere. */
@Global()
@Module({})
export class DepsModule {
  static of(deps: GatewayDeps, options: GatewayOptions, waits: OpenWaits): DynamicModule {
    const providers = [
      { provide: CLIENT, useValue: deps.client },
      { provide: PLATFORM, useValue: deps.platform },
      { provide: USERS, useValue: deps.users },
      { provide: ACCESS, useValue: deps.access },
      { provide: CHECKS, useValue: deps.checks },
      { provide: CONTRACTS, useValue: deps.contracts },
      { provide: ROUTES, useValue: deps.routes ?? TaskRoutes.none },
      { provide: LOG, useValue: deps.log },
      { provide: CLOCK, useValue: deps.clock },
      { provide: OPTIONS, useValue: options },
      { provide: OpenWaits, useValue: waits },
    ];
    return { module: DepsModule, providers, exports: providers };
  }
}
