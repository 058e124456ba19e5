import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { LiveDocument, ReadyDocument } from '@lovage/http-api';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access.ts';
import { Answers } from '../openapi/describe.ts';
import { Readiness } from './readiness.ts';

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  @Public()
  @ApiOperation({ summary: 'The process answers', operationId: 'live' })
  @Answers(200, LiveDocument, 'It does')
  live(): LiveDocument {
    return { status: 'live' };
  }

  @Get('ready')
  @Public()
  @ApiOperation({
    summary: 'Requests can be served',
    description:
      'Postgres decides: it has to take writes. A broker that is away is told, and no reason to send requests elsewhere.',
    operationId: 'ready',
  })
  @Answers(200, ReadyDocument, 'They can')
  @Answers(503, ReadyDocument, 'They cannot: Postgres is away, or this server is stopping')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const document = await this.readiness.check();
    reply.code(document.status === 'ready' ? 200 : 503).send(document);
  }
}
