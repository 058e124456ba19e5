import type { Trigger } from './manifests.ts';
import type { WorkerPods } from './worker-pods.ts';

/** An answer that is slower than this is taken for none, as KEDA does. */
const PATIENCE_MS = 3_000;

export interface TriggerReaderOptions {
  readonly gatewayUrl: string;
  /** Of a viewer, as `lovage-scaler` has it. */
  readonly apiKey: string;
  /** Of RabbitMQ's management plugin; undefined: there is none. */
  readonly managementUrl: string | undefined;
  /** How many times faster than the manifest's seconds its autoscaler runs. */
  readonly speed: number;
}

/** Asks what a trigger of the manifests asks, of the real gateway and broker. */
export class TriggerReader {
  /** What could not be read, by reason. */
  readonly failures = new Map<string, number>();

  constructor(private readonly options: TriggerReaderOptions) {}

  /** Undefined: it cannot be read. */
  async read(trigger: Trigger, pods: WorkerPods): Promise<number | readonly number[] | undefined> {
    try {
      if (trigger.type === 'cpu') return pods.utilization(trigger.requestedCores);
      return trigger.type === 'rabbitmq' ? await this.messages(trigger) : await this.ofGateway(trigger);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
      return undefined;
    }
  }

  private async ofGateway({ path, field, header }: Trigger & { type: 'metrics-api' }): Promise<number> {
    const url = new URL(path, this.options.gatewayUrl);
    const answer = (await ask(url, { [header]: this.options.apiKey })) as Record<string, unknown>;
    const value = answer[field];
    if (typeof value !== 'number') throw new Error(`${url.pathname} tells no ${field}`);
    // The autoscaler's seconds are shorter than ours.
    return field.endsWith('Seconds') ? value * this.options.speed : value;
  }

  /** Messages of all queues that fit the pattern, those that workers hold included: what KEDA sums. */
  private async messages({ queues, vhost = '/' }: Trigger & { type: 'rabbitmq' }): Promise<number> {
    const { managementUrl } = this.options;
    if (managementUrl === undefined) throw new Error('RabbitMQ has no management plugin here');
    const { username, password, origin } = new URL(managementUrl);
    const query = new URLSearchParams({
      page: '1',
      use_regex: 'true',
      pagination: 'false',
      name: queues,
      page_size: '100',
    });
    const url = new URL(`${origin}/api/queues/${encodeURIComponent(vhost)}?${query}`);
    const login = Buffer.from(`${username}:${password}`).toString('base64');
    const { items } = (await ask(url, { authorization: `Basic ${login}` })) as { items: { messages?: number }[] };
    return items.reduce((sum, { messages = 0 }) => sum + messages, 0);
  }
}

async function ask(url: URL, headers: Readonly<Record<string, string>>): Promise<unknown> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`${url.pathname} answered ${response.status}`);
  return response.json();
}
