import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { StatsDocument, StatsQuery } from '@lovage/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../auth/access.ts';
import { parseQuery } from '../http/parse-query.ts';
import { sendTagged } from '../http/send-tagged.ts';
import { Answers, Problems, Queries } from '../openapi/describe.ts';
import { StatsService } from './stats.service.ts';

@ApiTags('history')
@Controller('api/stats')
export class StatsController {
  constructor(private readonly stats: StatsService) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'What ended, over time, and how long it waited and ran', operationId: 'stats' })
  @Queries(StatsQuery)
  @Answers(200, StatsDocument, 'Columns of numbers, as charts take them. With an `ETag`')
  @Problems('query_invalid', 'store_unavailable')
  async read(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    sendTagged(request, reply, await this.stats.read(parseQuery(StatsQuery, request.query)));
  }
}
