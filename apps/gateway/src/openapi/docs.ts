import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyInstance } from 'fastify';
import type { ContractRegistry } from '@lovage/task';
import { openApiDocument } from './document.ts';

/** What the page may load: its own files and nothing else. Swagger UI writes its style into the page. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves Swagger UI at `/docs`, from files of its package, and the document at `/openapi.json`. */
export function serveDocs(app: NestFastifyApplication, server: FastifyInstance, contracts: ContractRegistry): void {
  server.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.url?.startsWith('/docs'))
      reply.headers({ 'content-security-policy': PAGE_POLICY, 'referrer-policy': 'no-referrer' });
    done();
  });
  // Made when it is first asked for: a gateway that nobody asks need not make and hold it.
  SwaggerModule.setup('docs', app, () => openApiDocument(app, contracts), {
    raw: ['json'],
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Lovage API',
    swaggerOptions: {
      persistAuthorization: true,
      displayRequestDuration: true,
      validatorUrl: null,
      tagsSorter: undefined,
    },
  });
}
