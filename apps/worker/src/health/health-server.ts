import type { IncomingMessage, ServerResponse } from 'node:http';
import { SmallServer, type Listening } from '../http/small-server.ts';
import { answer } from '../http/answer.ts';
import type { WorkerHealth } from './worker-health.ts';

/** Serves `/health/live` (200 while the process answers) and `/health/ready` (200, or 503; the body tells why). */
export async function serveHealth(
  health: WorkerHealth,
  options: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const server = new SmallServer(options, (request, response) => void respond(health, request, response));
  await server.start();
  return server;
}

async function respond(health: WorkerHealth, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?', 1)[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') return answer(response, 405, 'only GET is taken here');
  if (path === '/health/live') return answer(response, 200, '{"status":"live"}', 'application/json');
  if (path !== '/health/ready') return answer(response, 404, 'there is /health/live, and /health/ready');
  const document = await health.check();
  answer(response, document.status === 'ready' ? 200 : 503, JSON.stringify(document), 'application/json');
}
