import { Controller, Get, Inject, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { TaskCountsDocument, TaskCountsQuery, TaskList, TaskListQuery } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { Allow } from '../../auth/access.ts';
import type { ContractRegistry } from '@lovage/task';
import { CONTRACTS, type GatewayPlatform, PLATFORM } from '../../deps.ts';
import { parseQuery } from '../../http/parse-query.ts';
import { Answers, Problems, Queries } from '../../openapi/describe.ts';
import { listedDocument } from '../task-document.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { filterOf, looksIntoEach } from './filter.ts';
import { TextSearches } from './text-searches.ts';

/** Many tasks at once: lists and counts. */
@ApiTags('tasks')
@Controller('api/tasks')
export class TaskListController {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'lists'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    private readonly searches: TextSearches,
  ) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'List and search tasks, newest first unless `sort` says otherwise', operationId: 'tasks' })
  @Queries(TaskListQuery)
  @Answers(200, TaskList, 'A page')
  @Problems('query_invalid', 'busy', 'store_unavailable')
  async list(@Req() request: FastifyRequest): Promise<TaskList> {
    const query = parseQuery(TaskListQuery, request.query);
    const { limit, cursor, sort } = query;
    const after = cursor === undefined ? undefined : decodeCursor(cursor, sort);
    const read = () => this.platform.lists.list(filterOf(query, this.contracts), { limit, after, sort });
    const page = await (!looksIntoEach(query) ? read() : this.searches.run(request.user!.id, read));
    return {
      items: page.items.map(listedDocument),
      nextCursor: page.next && encodeCursor(page.next, sort),
      searchedTo: page.searchedTo === null ? null : new Date(page.searchedTo).toISOString(),
    };
  }

  @Get('counts')
  @Allow('viewer')
  @ApiOperation({ summary: 'How many tasks are in each state', operationId: 'task_counts' })
  @Queries(TaskCountsQuery)
  @Answers(200, TaskCountsDocument, 'Every state, also those without tasks')
  @Problems('query_invalid', 'store_unavailable')
  async counts(@Req() request: FastifyRequest): Promise<TaskCountsDocument> {
    const query = parseQuery(TaskCountsQuery, request.query);
    if (Object.values(query).every((value) => value === undefined))
      return { ...(await this.platform.lists.counts()), countedFrom: null };
    const read = () => this.platform.lists.countsOf(filterOf(query, this.contracts));
    const { states, countedFrom } = await (looksIntoEach(query) ? this.searches.run(request.user!.id, read) : read());
    return {
      states,
      approximate: false,
      countedFrom: countedFrom === null ? null : new Date(countedFrom).toISOString(),
    };
  }
}
