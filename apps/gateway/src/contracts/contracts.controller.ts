import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ContractList } from '@lovage/http-api';
import type { ContractRegistry } from '@lovage/task';
import { Allow } from '../auth/access.ts';
import { CONTRACTS } from '../deps.ts';
import { Answers } from '../openapi/describe.ts';
import { contractDocument } from './contract-document.ts';

@ApiTags('contracts')
@Controller('api/contracts')
export class ContractsController {
  private readonly catalogue: ContractList;

  constructor(@Inject(CONTRACTS) contracts: ContractRegistry) {
    this.catalogue = { items: contracts.list().map(contractDocument) };
  }

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'Every task that can be submitted, with its schemas', operationId: 'contracts' })
  @Answers(200, ContractList, 'The catalogue, by name')
  list(): ContractList {
    return this.catalogue;
  }
}
