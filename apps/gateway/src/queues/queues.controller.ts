import { Controller, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { PauseBody, PurgeBody, QueueDocument, QueueList, RevokeManyAnswer } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { Audit, originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, Takes } from '../openapi/describe.ts';
import { QueuesService } from './queues.service.ts';

@ApiTags('queues')
@Controller('api/queues')
export class QueuesController {
  constructor(
    private readonly queues: QueuesService,
    private readonly audit: Audit,
  ) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'All queues that are known, with what is in them', operationId: 'queues' })
  @Answers(200, QueueList, 'The queues, by name')
  @Problems('store_unavailable')
  list(): Promise<QueueList> {
    return this.queues.list();
  }

  @Get(':name')
  @Allow('viewer')
  @ApiOperation({ summary: 'A queue', operationId: 'queue' })
  @Answers(200, QueueDocument, 'The queue')
  @Problems('queue_not_found', 'store_unavailable')
  get(@Param('name') name: string): Promise<QueueDocument> {
    return this.queues.get(name);
  }

  @Post(':name/pause')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Let no worker take from it, until it is resumed', operationId: 'pause_queue' })
  @Takes(PauseBody, { reason: 'maintenance of the mail server' })
  @Answers(200, QueueDocument, 'It is paused, now or from before. Workers stop within two seconds')
  @Problems('json_malformed', 'body_invalid', 'queue_not_found', 'store_unavailable')
  async pause(@Param('name') name: string, @Req() request: FastifyRequest): Promise<QueueDocument> {
    const body = parseBody(PauseBody, request.body ?? {});
    const queue = await this.queues.pause(name, body, request.user!.id);
    await this.audit.note(originOf(request), { action: 'queue.pause', target: name, detail: body });
    return queue;
  }

  @Post(':name/resume')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Let workers take from it again', operationId: 'resume_queue' })
  @Answers(200, QueueDocument, 'It is not paused')
  @Problems('queue_not_found', 'store_unavailable')
  async resume(@Param('name') name: string, @Req() request: FastifyRequest): Promise<QueueDocument> {
    const queue = await this.queues.resume(name);
    await this.audit.note(originOf(request), { action: 'queue.resume', target: name });
    return queue;
  }

  @Post(':name/purge')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'End all tasks that wait in it', operationId: 'purge_queue' })
  @Takes(PurgeBody, { reason: 'sent by mistake' })
  @Answers(200, RevokeManyAnswer, 'What became of them: each is REVOKED. With a `nextCursor`: send it to go on')
  @Problems('json_malformed', 'body_invalid', 'query_invalid', 'queue_not_found', 'store_unavailable')
  async purge(@Param('name') name: string, @Req() request: FastifyRequest): Promise<RevokeManyAnswer> {
    const body = parseBody(PurgeBody, request.body ?? {});
    const answer = await this.queues.purge(name, body, request.user!.id);
    await this.audit.note(originOf(request), { action: 'queue.purge', target: name, detail: { ...body, ...answer } });
    return answer;
  }
}
