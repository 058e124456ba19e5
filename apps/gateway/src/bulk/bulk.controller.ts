import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  BulkBody,
  BulkJobDocument,
  BulkJobList,
  BulkListQuery,
  BulkPreviewBody,
  BulkPreviewDocument,
} from '@lovage/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audit, originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { parseBody } from '../http/parse-body.ts';
import { parseQuery } from '../http/parse-query.ts';
import { Answers, Problems, Queries, Takes } from '../openapi/describe.ts';
import { BulkService } from './bulk.service.ts';

const EXAMPLE = { action: 'task.retry', filter: { name: 'mail.send', state: ['FAILURE'] } };

/** Jobs that do something to all that match a filter. */
@ApiTags('bulk')
@Controller('api/bulk')
export class BulkController {
  constructor(
    private readonly bulk: BulkService,
    private readonly audit: Audit,
  ) {}

  @Post('preview')
  @Allow('operator')
  @HttpCode(200)
  @ApiOperation({ summary: 'How many a bulk job would act on', operationId: 'bulk_preview' })
  @Takes(BulkPreviewBody, EXAMPLE)
  @Answers(200, BulkPreviewDocument, 'How many match now; `at` is for the job')
  @Problems('json_malformed', 'body_invalid', 'busy', 'store_unavailable')
  preview(@Req() request: FastifyRequest): Promise<BulkPreviewDocument> {
    return this.bulk.preview(parseBody(BulkPreviewBody, request.body), request.user!);
  }

  @Post()
  @Allow('operator')
  @ApiOperation({ summary: 'Start a bulk job on what a preview has counted', operationId: 'bulk_start' })
  @Takes(BulkBody, { ...EXAMPLE, at: '2026-11-29T12:00:00.000Z', reason: 'the provider is back', rate: '50/s' })
  @Answers(202, BulkJobDocument, 'The job. `Location` tells where its progress is to be seen')
  @Problems('json_malformed', 'body_too_large', 'body_invalid', 'too_many_jobs', 'store_unavailable')
  async start(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const job = await this.bulk.start(parseBody(BulkBody, request.body), request.body, request.user!);
    const { action, filter, terminate, mapping, at, reason, rate } = job;
    await this.audit.note(originOf(request), {
      action: 'bulk.start',
      target: job.id,
      detail: { action, filter, terminate, mapping, at, reason, rate },
    });
    reply.code(202).header('location', `/api/bulk/${job.id}`).send(job);
  }

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'Bulk jobs, newest first', operationId: 'bulk_jobs' })
  @Queries(BulkListQuery)
  @Answers(200, BulkJobList, 'A page')
  @Problems('query_invalid', 'store_unavailable')
  list(@Req() request: FastifyRequest): Promise<BulkJobList> {
    return this.bulk.list(parseQuery(BulkListQuery, request.query));
  }

  @Get(':id')
  @Allow('viewer')
  @ApiOperation({ summary: 'A bulk job with its progress', operationId: 'bulk_job' })
  @Answers(200, BulkJobDocument, 'The job')
  @Problems('bulk_unknown', 'store_unavailable')
  get(@Param('id') id: string): Promise<BulkJobDocument> {
    return this.bulk.get(id);
  }

  @Post(':id/stop')
  @Allow('operator')
  @HttpCode(200)
  @ApiOperation({ summary: 'Stop a bulk job', operationId: 'bulk_stop' })
  @Answers(200, BulkJobDocument, 'The job. A step under way is ended; one that has ended stays as it is')
  @Problems('bulk_unknown', 'store_unavailable')
  async stop(@Param('id') id: string, @Req() request: FastifyRequest): Promise<BulkJobDocument> {
    const { job, stopped } = await this.bulk.stop(id, request.user!);
    const { done, skipped, failed } = job;
    if (stopped)
      await this.audit.note(originOf(request), {
        action: 'bulk.stop',
        target: job.id,
        detail: { done, skipped, failed },
      });
    return job;
  }
}
