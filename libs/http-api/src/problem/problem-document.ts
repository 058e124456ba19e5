import { z } from 'zod';
import { PROBLEM_CODES, type ProblemCode } from './problem-codes.ts';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** Anything that went wrong, as RFC 9457 has it. */
export const ProblemDocument = z
  .object({
    type: z.string().meta({ description: 'urn:lovage:problem:<code>', example: 'urn:lovage:problem:task_unknown' }),
    title: z.string().meta({ description: 'The same for every problem of this code' }),
    status: z.int(),
    code: z
      .enum(Object.keys(PROBLEM_CODES) as [ProblemCode, ...ProblemCode[]])
      .meta({ description: 'Stable: what programs tell problems apart by' }),
    detail: z.string().meta({ description: 'What is wrong in this case, and what to do' }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .meta({ description: 'Each thing wrong with the request, with its path, such as input.x; often empty' }),
    taskId: z.uuid().optional().meta({ description: 'Of `task_not_unique`: the conflicting task' }),
    requestId: z.string().optional().meta({ description: 'As in the X-Request-Id header and in the server’s log' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem document' });
export type ProblemDocument = z.infer<typeof ProblemDocument>;

export interface ProblemParts {
  readonly detail: string;
  readonly errors?: ProblemDocument['errors'];
  readonly taskId?: string;
  readonly requestId?: string;
}

/** The document of a problem. */
export function problemDocument(code: ProblemCode, parts: ProblemParts): ProblemDocument {
  const { status, title } = PROBLEM_CODES[code];
  return {
    type: `urn:lovage:problem:${code}`,
    title,
    status,
    code,
    detail: parts.detail,
    errors: parts.errors ?? [],
    ...(parts.taskId === undefined ? {} : { taskId: parts.taskId }),
    ...(parts.requestId === undefined ? {} : { requestId: parts.requestId }),
  };
}
