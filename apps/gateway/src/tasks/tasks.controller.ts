import { Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeEndpoint, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SubmitBody, SubmitByNameBody, TaskDocument } from '@lovage/http-api';
import type { ContractRegistry } from '@lovage/task';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../auth/access.ts';
import { CONTRACTS } from '../deps.ts';
import { OpenWaits } from '../http/open-waits.ts';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, SubmitHeaders, Takes } from '../openapi/describe.ts';
import { SUBMIT_PROBLEMS } from '../problems/problem-lists.ts';
import { acceptedHeaders, idempotencyKey, preferredWait } from './submit-headers.ts';
import { SubmitLimiter } from './submit-limiter.ts';
import { SubmitService, type TaskToSubmit } from './submit.service.ts';
import { taskDocument } from './task-document.ts';
import { TaskReader } from './task-reader.ts';
import { WaitPlaces } from './wait-places.ts';

@ApiTags('tasks')
@Controller('api/tasks')
export class TasksController {
  constructor(
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    private readonly submits: SubmitService,
    private readonly reader: TaskReader,
    private readonly waits: OpenWaits,
    private readonly limiter: SubmitLimiter,
    private readonly places: WaitPlaces,
  ) {}

  /** The API document shows this route once for each contract, with its types. */
  @Post(':name')
  @Allow('operator')
  @ApiExcludeEndpoint()
  async submit(@Param('name') name: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const contract = this.contracts.get(name);
    await this.answer({ contract, body: parseBody(SubmitBody, request.body) }, request, reply);
  }

  @Post()
  @Allow('operator')
  @ApiOperation({
    summary: 'Submit a task by its contract’s name, or a task of Celery workers by its name there',
    operationId: 'submit',
  })
  @SubmitHeaders()
  @Takes(SubmitByNameBody, { name: 'math.add', input: { x: 1, y: 2 } })
  @Answers(200, TaskDocument, 'With `Prefer: wait`: the task has ended')
  @Answers(
    202,
    TaskDocument,
    'Accepted: it cannot be lost any more. `Location` tells where it is to be found; `X-Existing-Task`, that it was there before',
  )
  @Problems('contract_unknown', ...SUBMIT_PROBLEMS)
  async submitByName(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = parseBody(SubmitByNameBody, request.body);
    await this.answer(this.submits.byName(body), request, reply);
  }

  @Get(':id')
  @Allow('viewer')
  @ApiOperation({ summary: 'What became of a task', operationId: 'task' })
  @Answers(200, TaskDocument, 'The task')
  @Problems('task_unknown', 'store_unavailable')
  async get(@Param('id') id: string): Promise<TaskDocument> {
    return taskDocument(await this.reader.byPublicId(id));
  }

  private async answer(task: TaskToSubmit, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.limiter.charge(request.user!.id);
    const preferred = preferredWait(request.headers['prefer']);
    const place = preferred > 0 ? this.places.take(request.user!.id) : undefined;
    if (typeof place !== 'function') return this.submitted(task, 0, request, reply);
    try {
      await this.submitted(task, preferred, request, reply);
    } finally {
      place();
    }
  }

  /** @param waitSeconds 0: the answer is not held back. */
  private async submitted(
    task: TaskToSubmit,
    waitSeconds: number,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const accepted = await this.submits.submit({
      ...task,
      userId: request.user!.id,
      idempotencyKey: idempotencyKey(request.headers['idempotency-key']),
      awaitReply: waitSeconds > 0,
    });
    reply.headers(acceptedHeaders(accepted.handle));
    if (waitSeconds === 0) return void reply.code(202).send(await this.submits.current(accepted));
    reply.header('preference-applied', `wait=${waitSeconds}`);
    const wait = this.waits.begin(request.raw, reply.raw);
    try {
      const ended = await this.submits.ended(accepted, { timeoutMs: waitSeconds * 1000, signal: wait.signal });
      reply.code(ended ? 200 : 202).send(ended ?? (await this.submits.later(accepted)));
    } finally {
      wait.close();
    }
  }
}
