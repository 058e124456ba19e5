import { Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import {
  AutoscaleBody,
  ConsumerBody,
  NoBody,
  PoolBody,
  RateLimitBody,
  TimeLimitBody,
  WORKER_QUESTIONS,
  WorkerAnswers,
  WorkerQuestionQuery,
  type WorkerQuestion,
} from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { Audit, originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { parseBody } from '../http/parse-body.ts';
import { parseQuery } from '../http/parse-query.ts';
import { Answers, Problems, Queries, Takes } from '../openapi/describe.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { WorkerControlService, type WorkerCommand } from './worker-control.service.ts';

const Named = (): MethodDecorator =>
  ApiParam({ name: 'name', description: 'Name of a worker, or `all`', schema: { type: 'string' } });
const Refusals = (): MethodDecorator =>
  Problems(
    ...(['worker_unknown', 'worker_silent', 'worker_refused', 'broker_unavailable'] as const),
    ...(['busy', 'store_unavailable'] as const),
  );
const Refused = (): MethodDecorator => Problems('json_malformed', 'body_invalid');
const DONE = 'What each has answered; of `all`, also who has not';

@ApiTags('workers')
@Controller('api/workers')
export class WorkerControlController {
  constructor(
    private readonly control: WorkerControlService,
    private readonly audit: Audit,
  ) {}

  @Get(':name/:question')
  @Allow('viewer')
  @ApiOperation({ summary: 'Ask a worker, or all: Celery’s too', operationId: 'ask_worker' })
  @Named()
  @ApiParam({ name: 'question', schema: { type: 'string', enum: [...WORKER_QUESTIONS] } })
  @Queries(WorkerQuestionQuery)
  @Answers(200, WorkerAnswers, 'What each has answered, without secrets; of `all`, also who has not')
  @Problems('query_invalid', 'route_unknown')
  @Refusals()
  ask(
    @Param('name') name: string,
    @Param('question') question: string,
    @Req() request: FastifyRequest,
  ): Promise<WorkerAnswers> {
    const { timeout } = parseQuery(WorkerQuestionQuery, request.query);
    if (!isQuestion(question))
      throw new ProblemError('route_unknown', `a worker can be asked for ${WORKER_QUESTIONS.join(', ')}`);
    return this.control.ask(name, question, timeout * 1000);
  }

  @Post(':name/pool/grow')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Let it run more tasks at a time', operationId: 'grow_pool' })
  @Named()
  @Takes(PoolBody, { n: 2 })
  @Answers(200, WorkerAnswers, DONE)
  @Refused()
  @Refusals()
  grow(@Param('name') name: string, @Req() request: FastifyRequest): Promise<WorkerAnswers> {
    return this.steer(request, name, { method: 'pool_grow', args: parseBody(PoolBody, request.body ?? {}) });
  }

  @Post(':name/pool/shrink')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Let it run fewer tasks at a time', operationId: 'shrink_pool' })
  @Named()
  @Takes(PoolBody, { n: 2 })
  @Answers(200, WorkerAnswers, DONE)
  @Refused()
  @Refusals()
  shrink(@Param('name') name: string, @Req() request: FastifyRequest): Promise<WorkerAnswers> {
    return this.steer(request, name, { method: 'pool_shrink', args: parseBody(PoolBody, request.body ?? {}) });
  }

  @Post(':name/pool/restart')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({
    summary: 'Replace its child processes and threads, each after its task',
    operationId: 'restart_pool',
  })
  @Named()
  @Takes(NoBody, {})
  @Answers(200, WorkerAnswers, DONE)
  @Refused()
  @Refusals()
  restart(@Param('name') name: string, @Req() request: FastifyRequest): Promise<WorkerAnswers> {
    parseBody(NoBody, request.body ?? {});
    return this.steer(request, name, { method: 'pool_restart' });
  }

  @Post(':name/autoscale')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Let its pool fit itself to what there is to do', operationId: 'autoscale_worker' })
  @Named()
  @Takes(AutoscaleBody, { max: 20, min: 2 })
  @Answers(200, WorkerAnswers, DONE)
  @Refused()
  @Refusals()
  autoscale(@Param('name') name: string, @Req() request: FastifyRequest): Promise<WorkerAnswers> {
    return this.steer(request, name, { method: 'autoscale', args: parseBody(AutoscaleBody, request.body) });
  }

  @Post(':name/rate-limit')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({
    summary: 'How many tasks of a name begin on each of these workers; of all together: PUT /api/limits/{name}',
    operationId: 'rate_limit_worker',
  })
  @Named()
  @Takes(RateLimitBody, { task: 'mail.send', rate: '10/m' })
  @Answers(200, WorkerAnswers, DONE)
  @Refused()
  @Refusals()
  rateLimit(@Param('name') name: string, @Req() request: FastifyRequest): Promise<WorkerAnswers> {
    const { task, rate } = parseBody(RateLimitBody, request.body);
    return this.steer(request, name, { method: 'rate_limit', args: { task_name: task, rate_limit: rate ?? 0 } });
  }

  @Post(':name/time-limit')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({
    summary: 'Time limits of tasks of a name, for attempts that begin from now on',
    operationId: 'time_limit_worker',
  })
  @Named()
  @Takes(TimeLimitBody, { task: 'mail.send', soft: 20, hard: 30 })
  @Answers(200, WorkerAnswers, DONE)
  @Refused()
  @Refusals()
  timeLimit(@Param('name') name: string, @Req() request: FastifyRequest): Promise<WorkerAnswers> {
    const { task, soft, hard } = parseBody(TimeLimitBody, request.body);
    return this.steer(request, name, { method: 'time_limit', args: { task_name: task, soft, hard } });
  }

  @Post(':name/consumers')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Let it serve one more queue', operationId: 'add_consumer' })
  @Named()
  @Takes(ConsumerBody, { queue: 'mail' })
  @Answers(200, WorkerAnswers, DONE)
  @Refused()
  @Refusals()
  addConsumer(@Param('name') name: string, @Req() request: FastifyRequest): Promise<WorkerAnswers> {
    const {
      queue,
      exchange = null,
      exchangeType = 'direct',
      routingKey = null,
    } = parseBody(ConsumerBody, request.body);
    const args = { queue, exchange, exchange_type: exchangeType, routing_key: routingKey };
    return this.steer(request, name, { method: 'add_consumer', args });
  }

  @Delete(':name/consumers/:queue')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Let it serve a queue no longer', operationId: 'cancel_consumer' })
  @Named()
  @Answers(200, WorkerAnswers, DONE)
  @Refusals()
  cancelConsumer(
    @Param('name') name: string,
    @Param('queue') queue: string,
    @Req() request: FastifyRequest,
  ): Promise<WorkerAnswers> {
    return this.steer(request, name, { method: 'cancel_consumer', args: { queue } });
  }

  @Post(':name/shutdown')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Let it stop in order, as on SIGTERM', operationId: 'shut_down_worker' })
  @Named()
  @Takes(NoBody, {})
  @Answers(200, WorkerAnswers, 'It was told. A worker of Celery’s does not answer: it is `silent`')
  @Refused()
  @Refusals()
  shutdown(@Param('name') name: string, @Req() request: FastifyRequest): Promise<WorkerAnswers> {
    parseBody(NoBody, request.body ?? {});
    return this.steer(request, name, { method: 'shutdown', unanswered: true });
  }

  /** Written down whatever comes of it: a worker that has not answered may have done it all the same. */
  private async steer(request: FastifyRequest, name: string, command: WorkerCommand): Promise<WorkerAnswers> {
    const { method, args = {} } = command;
    const entry = { action: `worker.${method}`, target: name };
    try {
      const { answers, silent } = await this.control.steer(name, command);
      await this.audit.note(originOf(request), { ...entry, detail: { ...args, answered: answers.length, silent } });
      return { answers, silent };
    } catch (error) {
      if (error instanceof ProblemError && (error.code === 'worker_silent' || error.code === 'worker_refused'))
        await this.audit.note(originOf(request), { ...entry, detail: { ...args, outcome: error.code } });
      throw error;
    }
  }
}

const isQuestion = (text: string): text is WorkerQuestion => (WORKER_QUESTIONS as readonly string[]).includes(text);
