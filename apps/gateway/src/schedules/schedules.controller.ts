import { Controller, Delete, Get, HttpCode, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import {
  FiringDocument,
  FiringList,
  FiringListQuery,
  ScheduleBody,
  ScheduleCheckBody,
  ScheduleCheckDocument,
  ScheduleDocument,
  ScheduleList,
  SchedulePatchBody,
} from '@lovage/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audit, originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { parseBody } from '../http/parse-body.ts';
import { parseQuery } from '../http/parse-query.ts';
import { Answers, Problems, Queries, Takes } from '../openapi/describe.ts';
import { BODY_PROBLEMS } from '../problems/problem-lists.ts';
import { decodeFiringCursor } from './firing-cursor.ts';
import { OwnSchedulesService } from './own-schedules.service.ts';
import { SchedulesService } from './schedules.service.ts';

const EXAMPLE = {
  ...{ name: 'reports.daily', contract: 'math.add', input: { x: 1, y: 2 } },
  ...{ cron: '0 7 * * MON-FRI', timeZone: 'Europe/Stockholm', options: { expires: '2h' } },
};

@ApiTags('schedules')
@Controller('api/schedules')
export class SchedulesController {
  constructor(
    private readonly schedules: SchedulesService,
    private readonly own: OwnSchedulesService,
    private readonly audit: Audit,
  ) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'All schedules, with their next firings', operationId: 'schedules' })
  @Answers(200, ScheduleList, 'The schedules, by name')
  @Problems('store_unavailable')
  async list(): Promise<ScheduleList> {
    return { items: await this.schedules.list() };
  }

  @Post()
  @Allow('operator')
  @ApiOperation({ summary: 'Make one; every beat that has its contract fires it', operationId: 'createSchedule' })
  @Takes(ScheduleBody, EXAMPLE)
  @Answers(201, ScheduleDocument, 'It is made, and begins now')
  @Problems(
    ...BODY_PROBLEMS,
    ...(['input_invalid', 'options_invalid', 'contract_unknown'] as const),
    ...(['schedule_exists', 'too_many_schedules', 'store_unavailable'] as const),
  )
  async create(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ScheduleDocument> {
    const { name, definition } = await this.own.create(request.body);
    const { contract, timing } = definition;
    await this.audit.note(originOf(request), {
      ...{ action: 'schedule.create', target: name },
      detail: { contract, ...timing },
    });
    reply.header('location', `/api/schedules/${name}`);
    return this.schedules.get(name);
  }

  @Post('check')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({
    summary: 'What making one would refuse, and when it would fire; nothing is kept',
    operationId: 'check_schedule',
  })
  @Takes(ScheduleCheckBody, EXAMPLE)
  @Answers(
    200,
    ScheduleCheckDocument,
    'What is wrong, in the words of the refusal; whether its name is free is not looked at',
  )
  @Problems(...BODY_PROBLEMS)
  check(@Req() request: FastifyRequest): ScheduleCheckDocument {
    return this.own.check(parseBody(ScheduleCheckBody, request.body));
  }

  @Patch(':name')
  @Allow('operator')
  @ApiOperation({
    summary: 'Change one that people made; with other moments, or enabled again, it begins now',
    operationId: 'changeSchedule',
  })
  @Takes(SchedulePatchBody, { cron: '30 6 * * MON-FRI' })
  @Answers(200, ScheduleDocument, 'It is changed')
  @Problems(
    ...BODY_PROBLEMS,
    ...(['input_invalid', 'options_invalid', 'contract_unknown', 'schedule_unknown'] as const),
    ...(['schedule_of_code', 'schedule_changed', 'store_unavailable'] as const),
  )
  async change(@Param('name') name: string, @Req() request: FastifyRequest): Promise<ScheduleDocument> {
    const body = parseBody(SchedulePatchBody, request.body);
    await this.own.change(name, body);
    const { cron, timeZone, every, enabled } = body;
    const detail = { changed: Object.keys(body).filter((key) => key !== 'revision'), cron, timeZone, every, enabled };
    await this.audit.note(originOf(request), { action: 'schedule.change', target: name, detail });
    return this.schedules.get(name);
  }

  @Get(':name')
  @Allow('viewer')
  @ApiOperation({ summary: 'A schedule', operationId: 'schedule' })
  @Answers(200, ScheduleDocument, 'The schedule')
  @Problems('schedule_unknown', 'store_unavailable')
  get(@Param('name') name: string): Promise<ScheduleDocument> {
    return this.schedules.get(name);
  }

  @Get(':name/firings')
  @Allow('viewer')
  @ApiOperation({ summary: 'When it fired, newest first', operationId: 'schedule_firings' })
  @Queries(FiringListQuery)
  @Answers(200, FiringList, 'A page; also of a schedule that was removed')
  @Problems('schedule_unknown', 'query_invalid', 'store_unavailable')
  firings(@Param('name') name: string, @Req() request: FastifyRequest): Promise<FiringList> {
    const { limit, cursor } = parseQuery(FiringListQuery, request.query);
    return this.schedules.firings(name, {
      limit,
      before: cursor === undefined ? undefined : decodeFiringCursor(cursor),
    });
  }

  @Post(':name/pause')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Stop it from firing, until it is resumed', operationId: 'pauseSchedule' })
  @Answers(200, ScheduleDocument, 'It is paused; so it was, perhaps')
  @Problems('schedule_unknown', 'store_unavailable')
  async pause(@Param('name') name: string, @Req() request: FastifyRequest): Promise<ScheduleDocument> {
    const schedule = await this.schedules.pause(name, request.user!.id);
    await this.audit.note(originOf(request), { action: 'schedule.pause', target: name });
    return schedule;
  }

  @Post(':name/resume')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Let it fire again; what passed meanwhile is not caught up', operationId: 'resumeSchedule' })
  @Answers(200, ScheduleDocument, 'It is not paused')
  @Problems('schedule_unknown', 'store_unavailable')
  async resume(@Param('name') name: string, @Req() request: FastifyRequest): Promise<ScheduleDocument> {
    const schedule = await this.schedules.resume(name);
    await this.audit.note(originOf(request), { action: 'schedule.resume', target: name });
    return schedule;
  }

  @Delete(':name')
  @HttpCode(204)
  @Allow('operator')
  @ApiOperation({
    summary: 'Remove one that people made, or that no running beat has in its code',
    operationId: 'removeSchedule',
  })
  @ApiResponse({ status: 204, description: 'It is gone; its history stays for as long as results do' })
  @Problems('schedule_unknown', 'schedule_stated', 'store_unavailable')
  async remove(@Param('name') name: string, @Req() request: FastifyRequest): Promise<void> {
    await this.schedules.remove(name);
    await this.audit.note(originOf(request), { action: 'schedule.remove', target: name });
  }

  @Post(':name/run')
  @HttpCode(202)
  @Allow('operator')
  @ApiOperation({ summary: 'Fire it now, also while it is paused', operationId: 'runSchedule' })
  @Answers(202, FiringDocument, 'It fired; `Location` tells where its task is to be found')
  @Problems(
    'schedule_unknown',
    'contract_unknown',
    'input_invalid',
    'task_not_unique',
    'too_many_submits',
    'store_unavailable',
  )
  async run(
    @Param('name') name: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FiringDocument> {
    const firing = await this.schedules.run(name, request.user!.id);
    await this.audit.note(originOf(request), { action: 'schedule.run', target: name, detail: { task: firing.taskId } });
    reply.header('location', `/api/tasks/${firing.taskId}`);
    return firing;
  }
}
