import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ScalingDocument } from '@lovage/http-api';
import { Allow } from '../auth/access.ts';
import { Answers, Problems } from '../openapi/describe.ts';
import { ScalingService } from './scaling.service.ts';

@ApiTags('queues')
@Controller('api/scaling')
export class ScalingController {
  constructor(private readonly scaling: ScalingService) {}

  @Get(':queue')
  @Allow('viewer')
  @ApiOperation({
    summary: 'How much a queue has to do, for a scaler of its workers',
    description:
      'By the rows of tasks and the messages beyond them, at most a second old. A queue that nobody knows has nothing to do: a scaler may ask before its first task.',
    operationId: 'scaling',
  })
  @Answers(200, ScalingDocument, 'What waits and what runs')
  @Problems('queue_not_found', 'store_unavailable')
  get(@Param('queue') queue: string): Promise<ScalingDocument> {
    return this.scaling.get(queue);
  }
}
