import type { TaskRoutes } from '@lovage/foundation';
import type { LovageClient } from '@lovage/client';
import type { AccessChecks, AccessStore, Clock, FileQuota, Log, Stores, UserStore } from '@lovage/ports';
import type { Platform } from '@lovage/platform';
import type { ContractRegistry } from '@lovage/task';
import type { LoadPlatform } from './load-tests/load-messages.ts';

/** Stores of the platform that the gateway asks, beside those that its types name one by one. */
export const PLATFORM_STORES = [
  ...(['tasks', 'lists', 'events', 'explain', 'gaps', 'limits', 'live', 'stats', 'workers', 'celeryWatch'] as const),
  ...(['queues', 'schedules', 'deadLetters', 'beats', 'files', 'bulk', 'views'] as const),
] as const satisfies readonly (keyof Stores)[];

/**
 * The platform's stores and its broker. A service names those that it uses: `Pick<GatewayPlatform, 'lists' | 'broker'>`. What is
 * injected has a deadline for each of its questions, see {@link withStoreDeadlines}.
 */
export type GatewayPlatform = Pick<
  Platform,
  (typeof PLATFORM_STORES)[number] | 'rates' | 'loadTests' | 'broker' | 'pingDatabase'
>;

/** What the gateway serves; made, started and stopped by the code that composes it. */
export interface GatewayDeps {
  readonly client: Pick<LovageClient, 'submit' | 'submitForeign' | 'revoke' | 'keepsRow'>;
  readonly platform: GatewayPlatform;
  readonly users: UserStore;
  readonly access: AccessStore;
  readonly checks: AccessChecks;
  readonly contracts: ContractRegistry;
  /** Those of the client. Default: none. */
  readonly routes?: TaskRoutes;
  readonly log: Log;
  readonly clock: Clock;
}

export interface GatewayOptions {
  /** Largest request body, bytes; a larger one gets 413. */
  readonly bodyLimit: number;
  /** Signs access tokens; at least 32 bytes. Every gateway of one platform has the same. */
  readonly jwtSecret: string;
  /** Origins whose pages may call the API; `*`: all. Default none. */
  readonly corsOrigins?: '*' | readonly string[];
  /** Addresses and networks of proxies whose `X-Forwarded-For` is believed. Default none. */
  readonly trustProxy?: readonly string[];
  /** How many connections may be open, and how long one may be silent, ms. Default 5000, 500 of an address, 15000. */
  readonly connections?: { readonly total?: number; readonly perAddress?: number; readonly headersTimeoutMs?: number };
  /** How many tasks a user may submit within a time, at all gateways together. Default: any number. */
  readonly submitRate?: { readonly count: number; readonly perMs: number };
  /** The dashboard's build, absolute; it may be made later. Default: none, a page tells how to make it. */
  readonly dashboard?: { readonly folder: string };
  /** Who reads `/metrics`: anybody, those who send the token, or nobody. Default `open`. */
  readonly metrics?: 'open' | 'closed' | { readonly token: string };
  /** Switches load tests on: what their child processes work with. Default: they are off. */
  readonly loadTests?: LoadPlatform & {
    /** Flags of Node.js for these processes. Default: those of this one. */
    readonly execArgv?: readonly string[];
  };
  readonly files: {
    /** Absolute; the same that the workers have. */
    readonly folder: string;
    /** Largest file that is taken in, bytes; a larger one gets 413. */
    readonly limit: number;
    /** What a user, and all together, may store. Default: any amount. */
    readonly quota?: FileQuota;
  };
}

/** Injection tokens of {@link GatewayDeps}. */
export const CLIENT = Symbol('client');
export const PLATFORM = Symbol('platform');
export const USERS = Symbol('users');
export const ACCESS = Symbol('access');
export const CHECKS = Symbol('checks');
export const CONTRACTS = Symbol('contracts');
export const ROUTES = Symbol('routes');
export const LOG = Symbol('log');
export const CLOCK = Symbol('clock');
export const OPTIONS = Symbol('options');
