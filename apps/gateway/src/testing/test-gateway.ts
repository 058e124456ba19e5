import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LovageClient } from '@lovage/client';
import { allContracts } from '@lovage/contracts';
import { newId } from '@lovage/foundation';
import type { ProblemDocument, TaskDocument, UserRole } from '@lovage/http-api';
import { systemClock, type AccessChecks, type Broker, type Clock, type FileQuota } from '@lovage/ports';
import { openStore, openUserStore, type PgStore } from '@lovage/store-postgres';
import { ContractRegistry, type AnyContract } from '@lovage/task';
import { MemoryBroker, RecordingLog, TcpProxy, testDatabase, type TestDatabase } from '@lovage/testing';
import { AccessTokens } from '../auth/access-tokens.ts';
import type { GatewayDeps, GatewayOptions, GatewayPlatform } from '../deps.ts';
import { Gateway, type ListenOptions } from '../gateway.ts';

type PlatformOverlay = { readonly [Part in keyof GatewayPlatform]?: Partial<GatewayPlatform[Part]> };

export interface TestGatewayOptions {
  /** Default: those of `libs/contracts`. */
  readonly contracts?: readonly AnyContract[];
  /** For the gateway alone; the client and the stores keep real time. */
  readonly clock?: Clock;
  readonly bodyLimit?: number;
  readonly filesLimit?: number;
  readonly filesQuota?: FileQuota;
  /** Another gateway of the same platform: it has the database and the users, and is disposed later. Default: none. */
  readonly beside?: TestGateway;
  /** Puts a proxy before the database, to break the line. */
  readonly proxied?: boolean;
  readonly listen?: ListenOptions;
  /** Takes the place of the broker that delivers nothing. */
  readonly broker?: Broker;
  /** Further options of the gateway. */
  readonly options?: Partial<GatewayOptions>;
  /** Methods that take the place of those of stores, by the store's name. */
  readonly platform?: PlatformOverlay;
  /** Takes the place of what the gateway would be given. */
  readonly deps?: Partial<GatewayDeps>;
}

export interface GatewayAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly text: string;
  json<T = TaskDocument>(): T;
  /** The problem document; fails for any other answer. */
  problem(): ProblemDocument;
}

export interface Ask {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** JSON value, or a text or bytes sent as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Address of the connection's other end. Default 127.0.0.1. */
  readonly from?: string;
  /** Who asks: a role, a token, or nobody. Default `operator`. */
  readonly as?: UserRole | { readonly token: string } | null;
}

const pick = ({ tasks, outbox, lists, gaps }: PgStore) => ({ tasks, outbox, lists, gaps });

/** A broker from which nobody consumes, and which has every queue but `nowhere`. A caller that waits reads rows: nobody replies. */
export function heldBroker(): MemoryBroker {
  return new MemoryBroker({ missingQueues: ['nowhere'], replies: false });
}

export const SECRET = 'a secret of thirty-two bytes or so';

/** A gateway with a real database and client, on a broker that only keeps what it gets. */
export class TestGateway implements AsyncDisposable {
  /** The operator that tests are by default. */
  get userId(): string {
    return this.ids.operator;
  }
  private readonly tokens: AccessTokens;

  private constructor(
    readonly gateway: Gateway,
    readonly db: TestDatabase,
    private readonly line: TcpProxy | undefined,
    readonly broker: MemoryBroker,
    readonly store: PgStore,
    readonly log: RecordingLog,
    clock: Clock,
    /** Where the gateway keeps files. */
    readonly folder: string,
    private readonly ids: Readonly<Record<UserRole, string>>,
    private readonly closeAll: () => Promise<void>,
  ) {
    this.tokens = new AccessTokens(SECRET, clock);
  }

  static async start(options: TestGatewayOptions = {}): Promise<TestGateway> {
    const db = options.beside?.db ?? (await testDatabase());
    const proxy = options.proxied ? await TcpProxy.before(db.url) : undefined;
    const url = proxy?.url ?? db.url;
    const log = new RecordingLog();
    const clock = options.clock ?? systemClock;
    // Only where the database is to be away is a short wait for it of use; a busy machine may need longer to connect.
    const connectTimeoutMs = proxy ? 500 : undefined;
    const store = openStore({ url, log, connectTimeoutMs });
    const users = await openUserStore({ url, connectTimeoutMs });
    const memory = heldBroker();
    await memory.start();
    const broker = options.broker ?? memory;
    const ids = options.beside?.ids ?? { viewer: newId(), operator: newId(), admin: newId() };
    const roles = new Map(Object.entries(ids).map(([role, id]) => [id, role as UserRole]));
    // Those three are in no table, so that tests may say what is in it, and break the line to it.
    const checks: AccessChecks = {
      standingOf: (id) => {
        const role = roles.get(id);
        return role ? Promise.resolve({ role, epoch: 0 }) : users.checks.standingOf(id);
      },
      useApiKey: (hash) => users.checks.useApiKey(hash),
    };
    const contracts = new ContractRegistry(options.contracts ?? allContracts);
    const client = new LovageClient({ broker, ...pick(store), contracts, log });
    const folder = mkdtempSync(join(tmpdir(), 'lovage-gateway-'));
    const gateway = new Gateway(
      {
        client,
        platform: overlaid({ ...store, broker, pingDatabase: () => store.ping() }, options.platform),
        users,
        access: users.access,
        checks,
        contracts,
        log,
        clock,
        ...options.deps,
      },
      {
        bodyLimit: options.bodyLimit ?? 1024 ** 2,
        jwtSecret: SECRET,
        files: { folder, limit: options.filesLimit ?? 1024 ** 2, quota: options.filesQuota },
        listen: options.listen,
        ...options.options,
      },
    );
    const closeAll = async (): Promise<void> => {
      await gateway.stop();
      await client.stop();
      await users.close();
      await store.close();
      await proxy?.close();
      if (!options.beside) await db.drop();
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      await gateway.start();
    } catch (error) {
      await closeAll();
      throw error;
    }
    return new TestGateway(gateway, db, proxy, memory, store, log, clock, folder, ids, closeAll);
  }

  /** The line to the database, of a gateway made with `proxied`. */
  get proxy(): TcpProxy {
    if (!this.line) throw new Error('this gateway has no proxy before its database');
    return this.line;
  }

  /** Asks without a port. */
  async ask(url: string, ask: Ask = {}): Promise<GatewayAnswer> {
    const { method = ask.body === undefined ? 'GET' : 'POST', body } = ask;
    const raw = typeof body === 'string' || Buffer.isBuffer(body);
    const response = await this.gateway.http.inject({
      method,
      url,
      remoteAddress: ask.from,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(await this.credentials(ask.as)),
        ...ask.headers,
      },
      payload: raw ? body : body === undefined ? undefined : JSON.stringify(body),
    });
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.payload,
      json: <T>() => response.json<T>(),
      problem: () => {
        expect(response.headers['content-type']).toBe('application/problem+json');
        return response.json<ProblemDocument>();
      },
    };
  }

  /** Headers that prove who asks. */
  async credentials(as: Ask['as'] = 'operator'): Promise<Record<string, string>> {
    if (as === null) return {};
    const token = typeof as === 'object' ? as.token : await this.tokens.issue({ id: this.ids[as], role: as, epoch: 0 });
    return { authorization: `Bearer ${token}` };
  }

  /** Ends a task as a worker would that ran it. */
  async finish(id: string, state: 'SUCCESS' | 'FAILURE', value: unknown): Promise<void> {
    await this.db.query(
      `update tasks set state = $2, result = $3, error = $4, worker = 'w1', started_at = now(), finished_at = now() where id = $1`,
      [
        id,
        state,
        state === 'SUCCESS' ? JSON.stringify(value) : null,
        state === 'FAILURE' ? JSON.stringify(value) : null,
      ],
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.closeAll();
  }
}

/** The platform, with some methods of its parts replaced. */
function overlaid(platform: GatewayPlatform, overlay: PlatformOverlay = {}): GatewayPlatform {
  const parts = Object.entries(overlay).map(([name, methods]) => {
    if (typeof methods === 'function') return [name, methods] as const;
    return [name, Object.assign(Object.create(platform[name as keyof GatewayPlatform]) as object, methods)] as const;
  });
  return { ...platform, ...(Object.fromEntries(parts) as Partial<GatewayPlatform>) };
}
