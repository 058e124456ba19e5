import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { FailureGroupDocument, FailureGroupList, FailureGroupListQuery, FailureGroupQuery } from '@lovage/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../auth/access.ts';
import { parseQuery } from '../http/parse-query.ts';
import { sendTagged } from '../http/send-tagged.ts';
import { Answers, Problems, Queries } from '../openapi/describe.ts';
import { FailuresService } from './failures.service.ts';

@ApiTags('history')
@Controller('api/failures')
export class FailuresController {
  constructor(private readonly failures: FailuresService) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'Groups of tasks that failed alike', operationId: 'failures' })
  @Queries(FailureGroupListQuery)
  @Answers(200, FailureGroupList, 'A page. With an `ETag`')
  @Problems('query_invalid', 'store_unavailable')
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendTagged(request, reply, await this.failures.list(parseQuery(FailureGroupListQuery, request.query)));
  }

  @Get(':id')
  @Allow('viewer')
  @ApiOperation({ summary: 'A group of tasks that failed alike', operationId: 'failure_group' })
  @Queries(FailureGroupQuery)
  @Answers(200, FailureGroupDocument, 'The group')
  @Problems('failure_group_unknown', 'query_invalid', 'store_unavailable')
  get(@Param('id') id: string, @Req() request: FastifyRequest): Promise<FailureGroupDocument> {
    return this.failures.get(id, parseQuery(FailureGroupQuery, request.query));
  }
}
