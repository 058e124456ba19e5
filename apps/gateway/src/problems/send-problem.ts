import { PROBLEM_CODES, PROBLEM_MEDIA_TYPE, problemDocument } from '@lovage/http-api';
import type { FastifyReply } from 'fastify';
import { answerAndLinger, isArriving } from '../http/linger.ts';
import type { Problem } from './problem-of.ts';

/** Answers a request with a problem document, unless it has been answered. */
export function sendProblem(reply: FastifyReply, problem: Problem): void {
  if (reply.sent) return;
  const document = problemDocument(problem.code, {
    detail: problem.detail,
    errors: [...problem.errors],
    taskId: problem.taskId,
    requestId: reply.request.id,
  });
  reply.code(PROBLEM_CODES[problem.code].status).headers(problem.headers).header('content-type', PROBLEM_MEDIA_TYPE);
  // Bytes: Fastify would add a charset to a text, which this media type has not.
  const payload = Buffer.from(JSON.stringify(document));
  if (isArriving(reply.request.raw)) answerAndLinger(reply, payload);
  else reply.send(payload);
}
