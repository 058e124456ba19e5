import { Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  BulkRetryAnswer,
  AttemptList,
  BatchAnswer,
  BatchBody,
  RetryBody,
  RetryManyBody,
  RevokeBody,
  RevokeManyAnswer,
  RevokeManyBody,
  TaskDocument,
} from '@lovage/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audit, originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { type GatewayPlatform, PLATFORM } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, Takes } from '../openapi/describe.ts';
import { BODY_PROBLEMS } from '../problems/problem-lists.ts';
import { acceptedHeaders } from './submit-headers.ts';
import { attemptList } from './attempts.ts';
import { BatchService } from './batch.service.ts';
import { RetryManyService } from './retry-many.service.ts';
import { SteerService } from './steer.service.ts';
import { SubmitLimiter } from './submit-limiter.ts';
import { TaskReader } from './task-reader.ts';

@ApiTags('tasks')
@Controller('api/tasks')
export class TaskSteerController {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'lists'>,
    private readonly batches: BatchService,
    private readonly steering: SteerService,
    private readonly retrying: RetryManyService,
    private readonly reader: TaskReader,
    private readonly limiter: SubmitLimiter,
    private readonly audit: Audit,
  ) {}

  @Post('batch')
  @Allow('operator')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Submit many tasks at once, each accepted or refused on its own',
    operationId: 'submit_batch',
  })
  @Takes(BatchBody, { tasks: [{ name: 'math.add', input: { x: 1, y: 2 } }] })
  @Answers(200, BatchAnswer, 'What became of each')
  @Problems(...BODY_PROBLEMS, 'too_many_submits')
  async batch(@Req() request: FastifyRequest): Promise<BatchAnswer> {
    const { tasks } = parseBody(BatchBody, request.body);
    await this.limiter.charge(request.user!.id, tasks.length);
    return { items: await this.batches.submit(tasks, request.user!.id) };
  }

  @Post('revoke')
  @Allow('operator')
  @HttpCode(200)
  @ApiOperation({ summary: 'Cancel many tasks, by their ids or by a filter', operationId: 'revoke_many' })
  @Takes(RevokeManyBody, { filter: { queue: 'default', state: 'QUEUED' }, reason: 'a bad release' })
  @Answers(200, RevokeManyAnswer, 'What became of them. With a `nextCursor`: send it to go on')
  @Problems('json_malformed', 'body_too_large', 'body_invalid', 'query_invalid', 'store_unavailable')
  async revokeMany(@Req() request: FastifyRequest): Promise<RevokeManyAnswer> {
    const body = parseBody(RevokeManyBody, request.body);
    const answer = await this.steering.revokeMany(body, request.user!.id);
    const { ids, ...rest } = body;
    await this.audit.note(originOf(request), {
      action: 'task.revoke_many',
      detail: { ...rest, ...(ids && { ids: ids.length }), ...answer },
    });
    return answer;
  }

  @Post('retry')
  @Allow('operator')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Run many ended tasks again, by their ids or by a filter, at a rate',
    operationId: 'retry_many',
  })
  @Takes(RetryManyBody, { filter: { queue: 'default', state: ['FAILURE', 'DEAD'] }, rate: '50/s' })
  @Answers(200, BulkRetryAnswer, 'What became of them. With a `nextCursor`: send it to go on')
  @Problems(
    'json_malformed',
    'body_too_large',
    'body_invalid',
    'query_invalid',
    'too_many_submits',
    'busy',
    'store_unavailable',
  )
  async retryMany(@Req() request: FastifyRequest): Promise<BulkRetryAnswer> {
    const body = parseBody(RetryManyBody, request.body);
    const answer = await this.retrying.retry(body, request.user!.id);
    const { ids, ...rest } = body;
    const { refusals: _refusals, ...counts } = answer;
    await this.audit.note(originOf(request), {
      action: 'task.retry_many',
      detail: { ...rest, ...(ids && { ids: ids.length }), ...counts },
    });
    return answer;
  }

  @Post(':id/revoke')
  @Allow('operator')
  @HttpCode(200)
  @ApiOperation({ summary: 'Cancel a task', operationId: 'revoke' })
  @Takes(RevokeBody, { reason: 'no longer needed' })
  @Answers(200, TaskDocument, 'The task: REVOKED; with `terminate`, of a task that runs: as it stands')
  @Problems('json_malformed', 'body_invalid', 'task_unknown', 'task_running', 'task_ended', 'store_unavailable')
  async revoke(@Param('id') id: string, @Req() request: FastifyRequest): Promise<TaskDocument> {
    const body = parseBody(RevokeBody, request.body ?? {});
    const task = await this.steering.revoke(id, body, request.user!.id);
    await this.audit.note(originOf(request), {
      action: 'task.revoke',
      target: task.id,
      detail: { ...body, name: task.name },
    });
    return task;
  }

  @Post(':id/retry')
  @Allow('operator')
  @ApiOperation({ summary: 'Run an ended task again, under a new id', operationId: 'retry' })
  @Takes(RetryBody, {})
  @Answers(
    202,
    TaskDocument,
    'The new task; its `retriedFrom` is the old one. `Location` tells where it is to be found. With `X-Existing-Task: unique`: another task of the same work, which conflicted',
  )
  @Problems(
    'json_malformed',
    'contract_unknown',
    'task_unknown',
    'task_not_ended',
    'body_invalid',
    'input_invalid',
    'options_invalid',
    'queue_unknown',
    'task_not_unique',
    'store_unavailable',
    'broker_unavailable',
    'too_many_submits',
  )
  async retry(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = parseBody(RetryBody, request.body ?? {});
    await this.limiter.charge(request.user!.id);
    const { handle, task } = await this.steering.retry(id, body, request.user!.id);
    await this.audit.note(originOf(request), {
      action: 'task.retry',
      target: id,
      detail: { ...body.options, task: task.id, name: task.name, edited: body.input !== undefined },
    });
    reply.code(202).headers(acceptedHeaders(handle)).send(task);
  }

  @Get(':id/attempts')
  @Allow('viewer')
  @ApiOperation({ summary: 'How often a task ran, and how that ended', operationId: 'attempts' })
  @Answers(200, AttemptList, 'Every attempt, the one that runs included')
  @Problems('task_unknown', 'store_unavailable')
  async attempts(@Param('id') id: string): Promise<AttemptList> {
    const row = await this.reader.byPublicId(id);
    const { lists } = this.platform;
    return attemptList(row, ...(await Promise.all([lists.attempts(row.id), lists.steps(row.id)])));
  }
}
