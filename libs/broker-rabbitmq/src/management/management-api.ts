import { toError } from '@lovage/foundation';
import type { Clock, Log } from '@lovage/ports';

/** For how long an answer holds, ms: the server itself counts every 5 s. */
const FRESH_MS = 2_000;
/** Longest wait for a page, ms. */
const PATIENCE_MS = 2_000;
/** Queues of a page, the most that the server gives, and pages that are read at most. */
const PAGE = 500;
const MAX_PAGES = 20;

export interface ManagementOptions {
  /** `http://user:password@host:15672`, or `https://`; a path before `/api` is kept. */
  readonly url: string;
  readonly vhost: string;
  readonly log: Log;
  readonly clock: Clock;
}

/** What AMQP does not tell of queues: asked of RabbitMQ's management plugin. */
export class ManagementApi {
  private readonly base: string;
  private readonly headers: Readonly<Record<string, string>>;
  private asking: Promise<ReadonlyMap<string, number>> | undefined;
  private known: ReadonlyMap<string, number> = new Map();
  private knownAt = -Infinity;
  private troubled = false;

  constructor(private readonly options: ManagementOptions) {
    const url = new URL(options.url);
    const login = [url.username, url.password].map(decodeURIComponent).join(':');
    this.headers = login === ':' ? {} : { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
    const before = url.pathname.endsWith('/') ? url.pathname.slice(0, -1) : url.pathname;
    const path = `${before}/api/queues/${encodeURIComponent(options.vhost)}`;
    this.base = new URL(path, url.origin).href;
  }

  /** Messages delivered and not acked, by queue; empty while the plugin does not answer. Never rejects. */
  async unacked(): Promise<ReadonlyMap<string, number>> {
    if (this.options.clock.monotonic() - this.knownAt < FRESH_MS) return this.known;
    this.asking ??= this.ask().finally(() => (this.asking = undefined));
    return this.asking;
  }

  private async ask(): Promise<ReadonlyMap<string, number>> {
    const { log, clock } = this.options;
    try {
      this.known = await this.pages();
      if (this.troubled) log.info({}, 'the management API of RabbitMQ answers again');
      this.troubled = false;
    } catch (error) {
      this.known = new Map();
      if (!this.troubled)
        log.warn(
          { err: toError(error) },
          'the management API of RabbitMQ does not answer: messages in delivery are not told',
        );
      this.troubled = true;
    }
    this.knownAt = clock.monotonic();
    return this.known;
  }

  private async pages(): Promise<ReadonlyMap<string, number>> {
    const found = new Map<string, number>();
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const query = `page=${page}&page_size=${PAGE}&columns=name,messages_unacknowledged`;
      const response = await fetch(`${this.base}?${query}`, {
        headers: this.headers,
        redirect: 'error',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!response.ok) throw new Error(`it answered ${response.status}: check BROKER_MANAGEMENT_URL and its user`);
      const { items, page_count } = pageOf(await response.json());
      for (const [name, unacked] of items) found.set(name, unacked);
      if (page >= page_count) break;
    }
    return found;
  }
}

interface Page {
  readonly items: readonly (readonly [string, number])[];
  readonly page_count: number;
}

/** Reads what any server may have answered: invalid entries are left out. */
function pageOf(answer: unknown): Page {
  const { items, page_count } = (answer ?? {}) as { items?: unknown; page_count?: unknown };
  if (!Array.isArray(items)) throw new Error('what it answered is no list of queues');
  return {
    items: (items as unknown[]).flatMap((item) => {
      const { name, messages_unacknowledged: n } = (item ?? {}) as Record<string, unknown>;
      return typeof name === 'string' && Number.isSafeInteger(n) && (n as number) >= 0
        ? [[name, n as number] as const]
        : [];
    }),
    page_count: Number.isSafeInteger(page_count) ? (page_count as number) : 1,
  };
}
