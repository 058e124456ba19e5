import { Controller, Delete, Get, HttpCode, Param, Put, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { LimitBody, LimitDetail, LimitList } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { Audit, originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, Takes } from '../openapi/describe.ts';
import { LimitsService } from './limits.service.ts';

@ApiTags('limits')
@Controller('api/limits')
export class LimitsController {
  constructor(
    private readonly limits: LimitsService,
    private readonly audit: Audit,
  ) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({
    summary: 'Concurrency and rate limits of all contracts, and how much of them is used',
    operationId: 'limits',
  })
  @Answers(200, LimitList, 'The limits, by contract')
  @Problems('store_unavailable')
  list(): Promise<LimitList> {
    return this.limits.list();
  }

  @Get(':name')
  @Allow('viewer')
  @ApiOperation({ summary: 'The limits of a contract, with the keys that are in use', operationId: 'limit' })
  @Answers(200, LimitDetail, 'The limits')
  @Problems('contract_unknown', 'store_unavailable')
  get(@Param('name') name: string): Promise<LimitDetail> {
    return this.limits.get(name);
  }

  @Put(':name')
  @Allow('operator')
  @ApiOperation({
    summary: 'Set the limits of a contract, before those it has itself; replaces what was set',
    operationId: 'set_limit',
  })
  @Takes(LimitBody, { concurrency: 10, rate: '100/m', reason: 'the mail server is slow' })
  @Answers(200, LimitDetail, 'They are in force; on a contract without limits of its own within two seconds')
  @Problems('json_malformed', 'body_invalid', 'contract_unknown', 'store_unavailable')
  async set(@Param('name') name: string, @Req() request: FastifyRequest): Promise<LimitDetail> {
    const body = parseBody(LimitBody, request.body);
    const limits = await this.limits.set(name, body, request.user!.id);
    await this.audit.note(originOf(request), { action: 'limits.set', target: name, detail: body });
    return limits;
  }

  @Delete(':name')
  @HttpCode(200)
  @Allow('operator')
  @ApiOperation({ summary: 'Back to the limits that the contract has itself', operationId: 'clear_limit' })
  @Answers(200, LimitDetail, 'They are in force')
  @Problems('contract_unknown', 'store_unavailable')
  async clear(@Param('name') name: string, @Req() request: FastifyRequest): Promise<LimitDetail> {
    const limits = await this.limits.clear(name);
    await this.audit.note(originOf(request), { action: 'limits.clear', target: name });
    return limits;
  }
}
