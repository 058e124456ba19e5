import type { TaskRoutes } from '@lovage/foundation';
import type { LovageClient } from '@lovage/client';
import type {
  AccessChecks,
  AccessStore,
  BeatStore,
  Broker,
  Clock,
  HistoryReader,
  LimitStore,
  LoadTestStore,
  LiveReads,
  BulkStore,
  DeadLetterStore,
  FileLedger,
  FileQuota,
  Log,
  QueueStore,
  RowGaps,
  ScheduleStore,
  TaskEvents,
  TaskExplain,
  TaskLists,
  TaskStore,
  UserStore,
  ViewStore,
  WorkerStore,
} from '@lovage/ports';
import type { ContractRegistry } from '@lovage/task';
import type { LoadPlatform } from './load-tests/load-messages.ts';
import type { LoadReport } from './load-tests/load-report.ts';

/** What the gateway serves; made, started and stopped by whoever composes it. */
export interface GatewayDeps {
  readonly client: Pick<LovageClient, 'submit' | 'submitForeign' | 'revoke' | 'keepsRow'>;
  readonly tasks: Pick<TaskStore, 'get' | 'finished' | 'insertFirstMany'>;
  readonly lists: TaskLists;
  readonly schedules: ScheduleStore;
  readonly events: TaskEvents;
  readonly queues: QueueStore;
  readonly workers: WorkerStore;
  readonly live: LiveReads;
  readonly beats: Pick<BeatStore, 'list'>;
  readonly limits: LimitStore;
  readonly deadLetters: DeadLetterStore;
  readonly bulk: BulkStore;
  readonly views: ViewStore;
  readonly loadTests: LoadTestStore<LoadReport>;
  readonly explain: TaskExplain;
  readonly files: Pick<FileLedger, 'begin' | 'grow' | 'settle' | 'drop' | 'forget' | 'usage'>;
  /** What was counted of ended tasks. */
  readonly stats: HistoryReader;
  readonly gaps: Pick<RowGaps, 'mayLack'>;
  readonly users: UserStore;
  readonly access: AccessStore;
  readonly checks: AccessChecks;
  readonly contracts: ContractRegistry;
  /** Those of the client. Default: none. */
  readonly routes?: TaskRoutes;
  readonly broker: Pick<Broker, 'state' | 'depth' | 'unacked'>;
  /** Resolves when Postgres answers. */
  ping(): Promise<void>;
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
  /** How many tasks a user may submit here within a time. Default: any number. */
  readonly submitRate?: { readonly count: number; readonly perMs: number };
  /** The dashboard's build, absolute; it may be made later. Default: none, a page tells how to make it. */
  readonly dashboard?: { readonly folder: string };
  /** Who reads `/metrics`: anybody, whoever sends the token, or nobody. Default `open`. */
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
export const TASKS = Symbol('tasks');
export const LISTS = Symbol('lists');
export const SCHEDULES = Symbol('schedules');
export const EVENTS = Symbol('events');
export const QUEUES = Symbol('queues');
export const WORKERS = Symbol('workers');
export const LIVE = Symbol('live');
export const BEATS = Symbol('beats');
export const LIMITS = Symbol('limits');
export const DEAD_LETTERS = Symbol('dead letters');
export const BULK = Symbol('bulk jobs');
export const VIEWS = Symbol('views');
export const LOAD_TESTS = Symbol('load tests');
export const EXPLAIN = Symbol('explain');
export const FILES = Symbol('files');
export const HISTORY = Symbol('history');
export const GAPS = Symbol('gaps');
export const USERS = Symbol('users');
export const ACCESS = Symbol('access');
export const CHECKS = Symbol('checks');
export const CONTRACTS = Symbol('contracts');
export const ROUTES = Symbol('routes');
export const BROKER = Symbol('broker');
export const PING = Symbol('ping');
export const LOG = Symbol('log');
export const CLOCK = Symbol('clock');
export const OPTIONS = Symbol('options');
