import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '@lovage/ports';
import type { GatewayOptions } from '../deps.ts';
import { answerClientError } from '../problems/client-error.ts';
import { problemOf } from '../problems/problem-of.ts';
import { clientAddress } from './client-address.ts';
import { sendProblem } from '../problems/send-problem.ts';
import { BodyBudget } from './body-budget.ts';
import { ConnectionLimits } from './connection-limits.ts';
import { takeOnlyJson } from './json-body.ts';
import { requestIds } from './request-id.ts';

/**
 * Longest that headers, and the whole request, may take to arrive, ms. Not how long an answer may be waited for. Node has
 * one limit for all requests, and a large file over a slow line takes its time; strangers are refused before their body.
 */
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 300_000;
/** Longer than the idle time of usual load balancers (60 s), so that they and not we end a connection they reuse. */
const KEEP_ALIVE_MS = 65_000;
/** Largest body of a route that anybody may call, bytes: an e-mail and a password of 1024 characters fit. */
const PUBLIC_BODY_BYTES = 4 * 1024;
/** No name or id of ours is longer. */
const MAX_PARAM_LENGTH = 255;

/** Nest's adapter on a Fastify that takes JSON only, answers problems only and trusts the proxies it is told to alone. */
export function createAdapter({
  bodyLimit,
  trustProxy = [],
  connections: { headersTimeoutMs = HEADERS_TIMEOUT_MS, ...limits } = {},
}: Pick<GatewayOptions, 'bodyLimit' | 'trustProxy' | 'connections'>): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit,
    trustProxy: trustProxy.length > 0 && [...trustProxy],
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Node looks once in this interval who is over a limit: every half minute, unless it is told otherwise.
    http: { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: Math.ceil(headersTimeoutMs / 3) },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    forceCloseConnections: 'idle',
    // While it stops, requests on open connections are answered by a hook of ours, with a problem document.
    return503OnClosing: false,
    genReqId: requestIds(),
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, problemOf(error)),
    clientErrorHandler: answerClientError,
    // No middleware is used, and middie would run for every request.
    skipMiddie: true,
  });
  const server = instanceOf(adapter);
  takeOnlyJson(server);
  boundPublicBodies(server, bodyLimit);
  new BodyBudget(bodyLimit).watch(server);
  new ConnectionLimits({ ...limits, trustProxy }).watch(server.server);
  return adapter;
}

/** Of routes that are added from now on. */
function boundPublicBodies(server: FastifyInstance, bodyLimit: number): void {
  server.addHook('onRoute', (route) => {
    if ((route.config as { public?: boolean } | undefined)?.public)
      route.bodyLimit = Math.min(bodyLimit, PUBLIC_BODY_BYTES);
  });
}

/** The Fastify behind it, in its own types. */
export function instanceOf(adapter: FastifyAdapter): FastifyInstance {
  return adapter.getInstance() as unknown as FastifyInstance;
}

const API_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Hooks of every request: its id in the answer, headers against sniffing and caching, and a line in the log. */
export function addRequestHooks(server: FastifyInstance, stopping: () => boolean, log: Log): void {
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id).headers(API_HEADERS);
    if (!stopping() || request.url.startsWith('/health/')) return done();
    reply.header('connection', 'close');
    sendProblem(reply, {
      code: 'stopping',
      detail: 'this server is stopping; try again',
      errors: [],
      headers: { 'retry-after': '1' },
    });
  });
  server.addHook('onResponse', (request, reply, done) => {
    const fields = {
      requestId: request.id,
      method: request.method,
      // Without the query: what stands there may be nobody else's business.
      path: request.url.split('?', 1)[0],
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    };
    if (reply.statusCode < 400) log.debug(fields, 'answered');
    else log.info({ ...fields, address: clientAddress(request) }, 'refused');
    // Its connection would stay open, idle, and hold up the stop.
    if (stopping()) setImmediate(() => server.server.closeIdleConnections());
    done();
  });
}
