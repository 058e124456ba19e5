import type { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RouteConfig } from '@nestjs/platform-fastify';
import { refuseEncoded } from '../http/json-body.ts';
import { ProblemError } from '../problems/problem-error.ts';

const FORM = 'multipart/form-data';

/** The route takes a form with a file; its body is then the stream of the form. */
export const TakesFiles = (): MethodDecorator => RouteConfig({ takesFiles: true });

/** Lets forms in on the routes that take files, unread; all others refuse them as they did. */
export function takeForms(server: FastifyInstance): void {
  // A stream: it is not counted against the limit of JSON bodies, and nothing is read before the route's handler runs.
  server.addContentTypeParser(FORM, (request: FastifyRequest, payload: Readable, done) => {
    try {
      refuseEncoded(request.headers);
    } catch (error) {
      return done(error as Error);
    }
    if (takesFiles(request)) done(null, payload);
    else done(new ProblemError('media_type_unsupported', 'send JSON, with the header Content-Type: application/json'));
  });
}

/** The stream of the form. @throws ProblemError for a body that is no form */
export function formOf(request: FastifyRequest): Readable {
  if (request.headers['content-type']?.split(';', 1)[0]!.trim().toLowerCase() === FORM) return request.body as Readable;
  throw new ProblemError('media_type_unsupported', 'send the file as multipart/form-data: curl -F file=@cat.jpg');
}

function takesFiles({ routeOptions }: FastifyRequest): boolean {
  return (routeOptions.config as { takesFiles?: boolean } | undefined)?.takesFiles === true;
}
