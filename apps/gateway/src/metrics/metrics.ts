import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** Seconds: from an answer out of memory to one that waited for a task. */
const HTTP_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

/** What this gateway counts as it goes. */
export class GatewayMetrics {
  readonly registry = new Registry();
  private readonly requests: Histogram<'method' | 'route' | 'status'>;
  private readonly submits: Counter<'name'>;

  constructor() {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.requests = new Histogram({
      name: 'lovage_http_request_duration_seconds',
      help: 'Time to answer, by method, route and status',
      labelNames: ['method', 'route', 'status'],
      buckets: HTTP_BUCKETS,
      registers,
    });
    this.submits = new Counter({
      name: 'lovage_tasks_submitted_total',
      help: 'Tasks accepted by this gateway, by name',
      labelNames: ['name'],
      registers,
    });
  }

  /** @param route the pattern, never the path: ids would make a series each. */
  answered(method: string, route: string, status: number, seconds: number): void {
    this.requests.observe({ method, route, status: String(status) }, seconds);
  }

  /** @param name of a contract: what callers make up would make series without end. */
  submitted(name: string): void {
    this.submits.inc({ name });
  }
}
