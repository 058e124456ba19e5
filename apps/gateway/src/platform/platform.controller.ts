import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { PlatformDocument } from '@lovage/http-api';
import { Allow } from '../auth/access.ts';
import { Answers, Problems } from '../openapi/describe.ts';
import { PlatformService } from './platform.service.ts';

@ApiTags('platform')
@Controller('api/platform')
export class PlatformController {
  constructor(private readonly platform: PlatformService) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'Broker, outbox, beats and dead letters: what may need a person', operationId: 'platform' })
  @Answers(200, PlatformDocument, 'How they do now')
  @Problems('store_unavailable')
  read(): Promise<PlatformDocument> {
    return this.platform.read();
  }
}
