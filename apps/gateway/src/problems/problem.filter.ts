import { type ArgumentsHost, Catch, type ExceptionFilter, NotFoundException } from '@nestjs/common';
import { PROBLEM_CODES } from '@lovage/http-api';
import type { Log } from '@lovage/ports';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { KnownRoutes } from '../http/known-routes.ts';
import { problemOf, type Problem } from './problem-of.ts';
import { sendProblem } from './send-problem.ts';

/** The one place where what was thrown becomes an answer. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly routes: KnownRoutes,
    private readonly log: Log,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const problem = request.is404 && thrown instanceof NotFoundException ? this.noRoute(request) : problemOf(thrown);
    const where = { requestId: request.id, method: request.method, path: pathOf(request), code: problem.code };
    if (problem.code === 'internal_error') this.log.error({ ...where, err: thrown }, 'a request failed unforeseen');
    else if (PROBLEM_CODES[problem.code].status >= 500)
      this.log.warn({ ...where, err: thrown }, 'a request could not be served');
    sendProblem(reply, problem);
  }

  private noRoute(request: FastifyRequest): Problem {
    const path = request.url.split('?', 1)[0]!;
    const shown = pathOf(request);
    const methods = this.routes.methodsOf(path);
    // A path of files takes the method, and has no such file.
    if (methods.length === 0 || methods.includes(request.method))
      return {
        code: 'route_unknown',
        detail: `there is no route ${request.method} ${shown}; /docs shows those there are`,
        errors: [],
        headers: {},
      };
    return {
      code: 'method_not_allowed',
      detail: `${shown} takes ${methods.join(', ')}, not ${request.method}`,
      errors: [],
      headers: { allow: methods.join(', ') },
    };
  }
}

/** Fit for logs and messages: short, and without the query, which may hold what is nobody else's business. */
function pathOf({ url }: FastifyRequest): string {
  const path = url.slice(0, 201).split('?', 1)[0]!;
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
