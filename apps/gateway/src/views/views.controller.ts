import { Controller, Delete, Get, HttpCode, Param, Patch, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { NewViewBody, ViewDocument, ViewList, ViewListQuery, ViewPatchBody } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { parseBody } from '../http/parse-body.ts';
import { parseQuery } from '../http/parse-query.ts';
import { Answers, Problems, Queries, Takes } from '../openapi/describe.ts';
import { ViewsService } from './views.service.ts';

/** Searches that users keep, and may share. */
@ApiTags('views')
@Controller('api/views')
export class ViewsController {
  constructor(private readonly views: ViewsService) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'My saved views, and those that others share', operationId: 'views' })
  @Queries(ViewListQuery)
  @Answers(200, ViewList, 'Own views first')
  @Problems('query_invalid', 'store_unavailable')
  list(@Req() request: FastifyRequest): Promise<ViewList> {
    return this.views.list(parseQuery(ViewListQuery, request.query).screen, request.user!);
  }

  @Post()
  @Allow('viewer')
  @ApiOperation({ summary: 'Save a view', operationId: 'create_view' })
  @Takes(NewViewBody, { name: 'Failed mails', screen: 'tasks', query: 'q=name:mail.* state:FAILURE', shared: true })
  @Answers(201, ViewDocument, 'The view')
  @Problems('json_malformed', 'body_invalid', 'too_many_views', 'store_unavailable')
  create(@Req() request: FastifyRequest): Promise<ViewDocument> {
    return this.views.create(parseBody(NewViewBody, request.body), originOf(request));
  }

  @Patch(':id')
  @Allow('viewer')
  @ApiOperation({ summary: 'Change a view; for its owner and administrators', operationId: 'update_view' })
  @Takes(ViewPatchBody, { shared: true })
  @Answers(200, ViewDocument, 'The view, changed')
  @Problems('json_malformed', 'body_invalid', 'view_unknown', 'store_unavailable')
  update(@Param('id') id: string, @Req() request: FastifyRequest): Promise<ViewDocument> {
    return this.views.update(id, parseBody(ViewPatchBody, request.body), originOf(request));
  }

  @Delete(':id')
  @Allow('viewer')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a view; for its owner and administrators', operationId: 'delete_view' })
  @ApiResponse({ status: 204, description: 'It is gone' })
  @Problems('view_unknown', 'store_unavailable')
  remove(@Param('id') id: string, @Req() request: FastifyRequest): Promise<void> {
    return this.views.remove(id, originOf(request));
  }
}
