import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ContractCheckBody, ContractCheckDocument, ContractList } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import type { ContractRegistry } from '@lovage/task';
import type { FastifyRequest } from 'fastify';
import { Allow } from '../auth/access.ts';
import { CLOCK, CONTRACTS } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, Takes } from '../openapi/describe.ts';
import { checkSubmit } from './check-submit.ts';
import { contractDocument } from './contract-document.ts';

@ApiTags('contracts')
@Controller('api/contracts')
export class ContractsController {
  private readonly catalogue: ContractList;

  constructor(
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.catalogue = { items: contracts.list().map(contractDocument) };
  }

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'Every task that can be submitted, with its schemas', operationId: 'contracts' })
  @Answers(200, ContractList, 'The catalogue, by name')
  list(): ContractList {
    return this.catalogue;
  }

  @Post(':name/check')
  @Allow('operator')
  @HttpCode(200)
  @ApiOperation({
    summary: 'What a submit would refuse, without submitting; the state of queues and of other tasks is not looked at',
    operationId: 'check_submit',
  })
  @Takes(ContractCheckBody, { input: { x: 1, y: 2 }, options: { delay: '10s' } })
  @Answers(200, ContractCheckDocument, 'What is wrong, in the words of the refusal')
  @Problems(
    'json_malformed',
    'json_too_deep',
    'body_too_large',
    'media_type_unsupported',
    'body_invalid',
    'contract_unknown',
  )
  check(@Param('name') name: string, @Req() request: FastifyRequest): ContractCheckDocument {
    const body = parseBody(ContractCheckBody, request.body);
    return { errors: checkSubmit(this.contracts.get(name), body, this.clock.now()) };
  }
}
