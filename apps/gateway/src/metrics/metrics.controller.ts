import { createHash, timingSafeEqual } from 'node:crypto';
import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Clock } from '@lovage/ports';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Public } from '../auth/access.ts';
import { CLOCK, OPTIONS, type GatewayOptions } from '../deps.ts';
import { Problems } from '../openapi/describe.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { ClusterGaugeSet } from './cluster-gauges.ts';
import { GatewayMetrics } from './metrics.ts';

/** Several readers within this time share one look at the servers, ms. */
const FRESH_MS = 1_000;

@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  private refreshing: Promise<void> | undefined;
  private refreshedAt = -Infinity;

  constructor(
    @Inject(OPTIONS) private readonly options: Pick<GatewayOptions, 'metrics'>,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly metrics: GatewayMetrics,
    private readonly cluster: ClusterGaugeSet,
  ) {}

  @Get()
  // Their readers are programs without a user; the token that they send is checked here.
  @Public()
  @ApiOperation({ summary: 'Metrics, for Prometheus', operationId: 'metrics' })
  @ApiProduces('text/plain')
  @ApiResponse({ status: 200, description: 'Prometheus text format', schema: { type: 'string' } })
  @Problems('unauthenticated')
  async read(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    this.check(request.headers.authorization);
    await this.fresh();
    const { registry } = this.metrics;
    reply.header('content-type', registry.contentType).send(await registry.metrics());
  }

  private check(authorization: string | undefined): void {
    const access = this.options.metrics ?? 'open';
    if (access === 'open') return;
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (access !== 'closed' && given !== undefined && same(given, access.token)) return;
    const detail =
      access === 'closed'
        ? 'metrics are closed here: set METRICS_TOKEN and send it as a bearer token'
        : 'send METRICS_TOKEN as a bearer token';
    throw new ProblemError('unauthenticated', detail, { headers: { 'www-authenticate': 'Bearer' } });
  }

  private async fresh(): Promise<void> {
    if (this.clock.monotonic() - this.refreshedAt < FRESH_MS) return;
    this.refreshing ??= this.cluster.refresh().finally(() => {
      this.refreshing = undefined;
      this.refreshedAt = this.clock.monotonic();
    });
    await this.refreshing;
  }
}

/** In a time that tells nothing of where they differ. */
function same(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
