import { Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { LoadTestBody, LoadTestDocument, LoadTestList } from '@lovage/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Audit, originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, Takes } from '../openapi/describe.ts';
import { LoadTests } from './load-tests.service.ts';

/** Bounded loads on a contract, and what they measure. */
@ApiTags('load tests')
@Controller('api/load-tests')
export class LoadTestsController {
  constructor(
    private readonly tests: LoadTests,
    private readonly audit: Audit,
  ) {}

  @Get()
  @Allow('operator')
  @ApiOperation({ summary: 'Load tests, newest first, and whether they are switched on', operationId: 'load_tests' })
  @Answers(200, LoadTestList, 'The newest')
  @Problems('store_unavailable')
  list(): Promise<LoadTestList> {
    return this.tests.list();
  }

  @Post()
  @Allow('operator')
  @ApiOperation({ summary: 'Start a load test', operationId: 'start_load_test' })
  @Takes(LoadTestBody, {
    contract: 'math.add',
    input: { x: 1, y: 2 },
    total: 5000,
    seconds: 30,
    rate: 200,
    rampSeconds: 5,
  })
  @Answers(202, LoadTestDocument, 'The test. `Location` tells where it is to be followed')
  @Problems(
    'json_malformed',
    'body_invalid',
    'input_invalid',
    'contract_unknown',
    'load_tests_off',
    'load_test_running',
    'store_unavailable',
  )
  async start(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const body = parseBody(LoadTestBody, request.body);
    const test = await this.tests.start(body, request.user!.id);
    const { input: _input, ...detail } = body;
    await this.audit.note(originOf(request), { action: 'load_test.start', target: test.id, detail });
    reply.code(202).header('location', `/api/load-tests/${test.id}`).send(test);
  }

  @Get(':id')
  @Allow('operator')
  @ApiOperation({ summary: 'A load test with what it has measured', operationId: 'load_test' })
  @Answers(200, LoadTestDocument, 'The test, second by second')
  @Problems('load_test_unknown', 'store_unavailable')
  get(@Param('id') id: string): Promise<LoadTestDocument> {
    return this.tests.get(id);
  }

  @Post(':id/stop')
  @Allow('operator')
  @HttpCode(200)
  @ApiOperation({ summary: 'Stop a load test', operationId: 'stop_load_test' })
  @Answers(200, LoadTestDocument, 'The test. It ends within a second; one that has ended stays as it is')
  @Problems('load_test_unknown', 'store_unavailable')
  async stop(@Param('id') id: string, @Req() request: FastifyRequest): Promise<LoadTestDocument> {
    const { test, stopped } = await this.tests.stop(id);
    if (stopped) await this.audit.note(originOf(request), { action: 'load_test.stop', target: test.id });
    return test;
  }
}
