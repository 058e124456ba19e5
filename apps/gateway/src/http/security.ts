import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** Headers of answers that pages of other origins may read. */
const EXPOSED = ['location', 'retry-after', 'preference-applied', 'x-request-id', 'content-range', 'etag'];
/** How long a browser may go by a preflight's answer, in seconds. */
const PREFLIGHT_SECONDS = 600;

/**
 * Headers that keep browsers from being used against the API, and those that let pages of other origins use it. Before
 * anything is refused, so that such a page can read why. Pages that we serve state their own policy, see `serveDocs`.
 */
export async function secure(server: FastifyInstance, origins: '*' | readonly string[]): Promise<void> {
  await server.register(helmet, {
    // No answer of the API is a page: it loads nothing, and stands in no frame.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
    },
    // Whether another origin may read an answer is for CORS to say.
    crossOriginResourcePolicy: { policy: origins.length > 0 ? 'cross-origin' : 'same-origin' },
  });
  if (origins.length === 0) return;
  await server.register(cors, {
    origin: origins === '*' ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED,
    // Tokens travel in a header that the page sets itself; there are no cookies.
    credentials: false,
    maxAge: PREFLIGHT_SECONDS,
  });
}
