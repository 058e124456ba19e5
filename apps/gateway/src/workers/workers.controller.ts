import { Controller, Get, Param, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { WorkerDetail, WorkerList, WorkerListQuery, WorkerQuery } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { Allow } from '../auth/access.ts';
import { parseQuery } from '../http/parse-query.ts';
import { Answers, Problems, Queries } from '../openapi/describe.ts';
import { WorkersService } from './workers.service.ts';

@ApiTags('workers')
@Controller('api/workers')
export class WorkersController {
  constructor(private readonly workers: WorkersService) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'Workers, with what they serve and run', operationId: 'workers' })
  @Queries(WorkerListQuery)
  @Answers(200, WorkerList, 'Those that run; with `status`, also those that have gone within a day')
  @Problems('query_invalid', 'store_unavailable')
  list(@Req() request: FastifyRequest): Promise<WorkerList> {
    return this.workers.list(parseQuery(WorkerListQuery, request.query).status);
  }

  @Get(':name')
  @Allow('viewer')
  @ApiOperation({ summary: 'A worker, by its name or id, with the tasks that it runs', operationId: 'worker' })
  @Queries(WorkerQuery)
  @Answers(200, WorkerDetail, 'The one of this name that runs, else the one that has gone last')
  @Problems('query_invalid', 'worker_unknown', 'store_unavailable')
  get(@Param('name') name: string, @Req() request: FastifyRequest): Promise<WorkerDetail> {
    return this.workers.get(name, parseQuery(WorkerQuery, request.query).limit);
  }
}
