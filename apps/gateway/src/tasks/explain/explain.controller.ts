import { Controller, Get, Inject, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ExplainDocument } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import { Allow } from '../../auth/access.ts';
import { CLOCK, type GatewayPlatform, PLATFORM } from '../../deps.ts';
import { withinDeadline } from '../../http/deadline.ts';
import { Answers, Problems } from '../../openapi/describe.ts';
import { TaskReader } from '../task-reader.ts';
import { reasonsOf, type BrokerReading } from './reasons.ts';

/** Longest wait for the broker to tell of a queue, ms: what the rows tell is answered all the same. */
const DEPTH_MS = 2_000;

/** Why a task is where it is. */
@ApiTags('tasks')
@Controller('api/tasks')
export class ExplainController {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'explain' | 'broker'>,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly reader: TaskReader,
  ) {}

  @Get(':id/explain')
  @Allow('viewer')
  @ApiOperation({ summary: 'Why a task is where it is', operationId: 'explain' })
  @Answers(200, ExplainDocument, 'The reasons, the one that decides first first, each true at that moment')
  @Problems('task_unknown', 'store_unavailable')
  async explain(@Param('id') publicId: string): Promise<ExplainDocument> {
    const explained = await this.reader.known(publicId, (id) => this.platform.explain.read(id));
    const { id, queue, state, finishedAt } = explained.task;
    const reasons = reasonsOf(explained, await this.brokerReading(finishedAt === null ? queue : undefined));
    return { id, state, at: new Date(explained.now).toISOString(), reasons };
  }

  private async brokerReading(queue: string | undefined): Promise<BrokerReading> {
    const { state } = this.platform.broker;
    if (queue === undefined || state === 'down') return { state, depth: undefined };
    const depth = await withinDeadline(this.clock, this.platform.broker.depth(queue), DEPTH_MS).catch(() => undefined);
    return { state, depth };
  }
}
