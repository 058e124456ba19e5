import type { FastifyInstance } from 'fastify';
import type { GatewayMetrics } from './metrics.ts';

/** Times every answer; of a stream until it ends. */
export function measure(server: FastifyInstance, metrics: GatewayMetrics): void {
  server.addHook('onResponse', (request, reply, done) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    metrics.answered(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
    done();
  });
}
