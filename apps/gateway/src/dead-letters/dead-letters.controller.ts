import { Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  BulkRetryAnswer,
  DeadLetterGroups,
  DeadLetterList,
  DeadLetterQuery,
  RedriveBody,
  RedriveManyBody,
  TaskDocument,
  WholeDeadLetterDocument,
} from '@lovage/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audit, originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { parseBody } from '../http/parse-body.ts';
import { parseQuery } from '../http/parse-query.ts';
import { Answers, Problems, Queries, Takes } from '../openapi/describe.ts';
import { DeadLettersService } from './dead-letters.service.ts';

@ApiTags('dead letters')
@Controller('api/dead-letters')
export class DeadLettersController {
  constructor(
    private readonly deadLetters: DeadLettersService,
    private readonly audit: Audit,
  ) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'Messages that the broker gave up, newest first', operationId: 'dead_letters' })
  @Queries(DeadLetterQuery)
  @Answers(200, DeadLetterList, 'A page')
  @Problems('query_invalid', 'store_unavailable')
  list(@Req() request: FastifyRequest): Promise<DeadLetterList> {
    return this.deadLetters.list(parseQuery(DeadLetterQuery, request.query));
  }

  @Get('groups')
  @Allow('viewer')
  @ApiOperation({ summary: 'How many are alike, of those not redriven', operationId: 'dead_letter_groups' })
  @Answers(200, DeadLetterGroups, 'By reason, queue, name and code')
  @Problems('store_unavailable')
  groups(): Promise<DeadLetterGroups> {
    return this.deadLetters.groups();
  }

  @Post('redrive')
  @Allow('operator')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Make tasks of many dead letters, by a filter and at a rate',
    operationId: 'redrive_many',
  })
  @Takes(RedriveManyBody, { filter: { queue: 'default', reason: 'expired' }, rate: '50/s' })
  @Answers(200, BulkRetryAnswer, 'What became of them. With a `nextCursor`: send it to go on')
  @Problems(
    'json_malformed',
    'body_too_large',
    'body_invalid',
    'query_invalid',
    'too_many_submits',
    'store_unavailable',
  )
  async redriveMany(@Req() request: FastifyRequest): Promise<BulkRetryAnswer> {
    const body = parseBody(RedriveManyBody, request.body);
    const answer = await this.deadLetters.redriveMany(body, request.user!.id);
    const { refusals: _refusals, ...counts } = answer;
    await this.audit.note(originOf(request), { action: 'dead_letter.redrive_many', detail: { ...body, ...counts } });
    return answer;
  }

  @Get(':id')
  @Allow('viewer')
  @ApiOperation({ summary: 'A dead letter with its message', operationId: 'dead_letter' })
  @Answers(200, WholeDeadLetterDocument, 'The dead letter')
  @Problems('letter_unknown', 'store_unavailable')
  get(@Param('id') id: string): Promise<WholeDeadLetterDocument> {
    return this.deadLetters.get(id);
  }

  @Delete(':id')
  @Allow('operator')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a dead letter', operationId: 'delete_dead_letter' })
  @ApiResponse({ status: 204, description: 'It is gone' })
  @Problems('letter_unknown', 'store_unavailable')
  async remove(@Param('id') id: string, @Req() request: FastifyRequest): Promise<void> {
    await this.deadLetters.remove(id);
    await this.audit.note(originOf(request), { action: 'dead_letter.delete', target: id });
  }

  @Post(':id/redrive')
  @Allow('operator')
  @ApiOperation({ summary: 'Make a task of a dead letter, once, under a new id', operationId: 'redrive' })
  @Takes(RedriveBody, { input: { x: 1, y: 2 } })
  @Answers(
    202,
    TaskDocument,
    'The new task; its `retriedFrom` is the one that the dead letter named. `Location` tells where it is to be found',
  )
  @Problems(
    'json_malformed',
    'body_too_large',
    'letter_unknown',
    'letter_redriven',
    'letter_unreadable',
    'body_invalid',
    'input_invalid',
    'options_invalid',
    'queue_unknown',
    'too_many_submits',
    'store_unavailable',
  )
  async redrive(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = parseBody(RedriveBody, request.body ?? {});
    const task = await this.deadLetters.redrive(id, body, request.user!.id);
    await this.audit.note(originOf(request), {
      action: 'dead_letter.redrive',
      target: id,
      detail: { task: task.id, name: task.name, queue: task.queue, edited: body.input !== undefined },
    });
    reply.code(202).header('location', `/api/tasks/${task.id}`).send(task);
  }
}
