import { access } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { unbuiltPage } from './unbuilt-page.ts';

/** What its pages may load: files of ours and nothing else; no inline script or style, no `eval`. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');
/** Files whose names hold a hash of what is in them. */
const ASSET = /^assets\/[\w.-]{1,200}$/;
const YEAR_MS = 31_536_000_000;
const INDEX = 'index.html';

/**
 * Serves the dashboard's build in `folder` under `/dashboard`, and leads `/` there. The build may be made while we run: until
 * it is there, a page says so.
 */
export async function serveDashboard(server: FastifyInstance, folder: string | undefined): Promise<void> {
  let built = false;
  const isBuilt = async (): Promise<boolean> => {
    if (built || folder === undefined) return built;
    built = await access(join(folder, INDEX)).then(
      () => true,
      () => false,
    );
    return built;
  };

  const page = async (reply: FastifyReply): Promise<FastifyReply> => {
    reply.headers({ 'content-security-policy': PAGE_POLICY, 'referrer-policy': 'no-referrer' });
    if (await isBuilt()) return reply.sendFile(INDEX, { cacheControl: false }).header('cache-control', 'no-cache');
    return reply.code(503).headers({ 'retry-after': '5' }).type('text/html; charset=utf-8').send(unbuiltPage());
  };

  await server.register(async (scope) => {
    await scope.register(fastifyStatic, {
      // One that is not there yet is no fault: `isBuilt` looks.
      root: folder ?? import.meta.dirname,
      serve: false,
      preCompressed: true,
      suppressWarning: true,
    });
    scope.get('/', (_request, reply) => reply.redirect('/dashboard', 302));
    scope.get('/dashboard', (_request, reply) => page(reply));
    scope.get('/dashboard/*', (request: FastifyRequest<{ Params: { '*': string } }>, reply) => {
      const name = request.params['*'];
      if (!name.startsWith('assets/')) return page(reply);
      if (!ASSET.test(name) || folder === undefined) return reply.callNotFound();
      return reply.sendFile(name, { maxAge: YEAR_MS, immutable: true });
    });
  });
}
