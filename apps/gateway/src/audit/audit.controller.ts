import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { AuditList } from '@lovage/http-api';
import type { AccessStore } from '@lovage/ports';
import { z } from 'zod';
import { Allow } from '../auth/access.ts';
import { ACCESS } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems } from '../openapi/describe.ts';

const time = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time with an offset, such as 2026-11-21T09:30:00Z' })
  .transform((iso) => Date.parse(iso))
  .optional();

const AuditQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.uuid().optional(),
  action: z
    .string()
    .max(100)
    .regex(/^[a-z_]+(?:\.[a-z_]*)?\*?$/, { error: 'must be an action, such as key.create or key.*' })
    .optional(),
  actor: z.uuid({ error: 'must be a user’s id' }).optional(),
  from: time,
  to: time,
});

@ApiTags('audit')
@Controller('api/audit')
export class AuditController {
  constructor(@Inject(ACCESS) private readonly access: Pick<AccessStore, 'listAudit'>) {}

  @Get()
  @Allow('admin')
  @ApiOperation({ summary: 'Who did what, newest first', operationId: 'listAudit' })
  @ApiQuery({ name: 'limit', required: false, schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 } })
  @ApiQuery({ name: 'cursor', required: false, schema: { type: 'string' } })
  @ApiQuery({
    name: 'action',
    required: false,
    description: 'Only this action; `key.*`: all that begin with `key.`',
    schema: { type: 'string', example: 'key.*' },
  })
  @ApiQuery({
    name: 'actor',
    required: false,
    description: 'Only what this user did',
    schema: { type: 'string', format: 'uuid' },
  })
  @ApiQuery({
    name: 'from',
    required: false,
    description: 'Done at this time or later',
    schema: { type: 'string', format: 'date-time' },
  })
  @ApiQuery({
    name: 'to',
    required: false,
    description: 'Done before this time',
    schema: { type: 'string', format: 'date-time' },
  })
  @Answers(200, AuditList, 'A page of the audit log')
  @Problems('body_invalid', 'store_unavailable')
  async list(@Query() query: unknown): Promise<AuditList> {
    const { limit, cursor, action, actor: by, from, to } = parseBody(AuditQuery, { ...(query as object) });
    const entries = await this.access.listAudit({ limit, before: cursor, action, actor: by, from, to });
    return {
      items: entries.map(({ userId: actor, ...entry }) => ({ ...entry, actor, at: new Date(entry.at).toISOString() })),
      nextCursor: entries.length === limit ? entries.at(-1)!.id : null,
    };
  }
}
