import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type WorkerDocument, WorkerList } from '@lovage/http-api';
import type { Clock, LiveWorker, QueueStore } from '@lovage/ports';
import { Allow } from '../auth/access.ts';
import { CLOCK, QUEUES } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { Answers, Problems } from '../openapi/describe.ts';

@ApiTags('workers')
@Controller('api/workers')
export class WorkersController {
  constructor(
    @Inject(QUEUES) private readonly queues: Pick<QueueStore, 'workers'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'Live workers, with what they serve and run', operationId: 'workers' })
  @Answers(200, WorkerList, 'Workers whose lease runs, by name')
  @Problems('store_unavailable')
  async list(): Promise<WorkerList> {
    const workers = await withinDeadline(this.clock, this.queues.workers());
    return { items: workers.map(workerDocument) };
  }
}

const UNTOLD = {
  slotsUsed: null,
  waiting: null,
  cpu: null,
  memoryMb: null,
  eventLoopDelayMs: null,
  eventLoopUse: null,
};

function workerDocument({ queues, contracts, startedAt, leaseUntil, ...same }: LiveWorker): WorkerDocument {
  return {
    ...same,
    status: 'live',
    death: null,
    queues: [...queues],
    contracts: contracts && [...contracts],
    serves: null,
    oldestRunningAt: null,
    vitals: UNTOLD,
    startedAt: new Date(startedAt).toISOString(),
    seenAt: null,
    leaseUntil: new Date(leaseUntil).toISOString(),
    goneAt: null,
    held: null,
  };
}
