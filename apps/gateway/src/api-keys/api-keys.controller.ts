import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { isUuid, newId } from '@lovage/foundation';
import { ApiKeyList, NewApiKeyAnswer, NewApiKeyBody, type ApiKeyDocument } from '@lovage/http-api';
import type { AccessStore, ApiKey, Clock } from '@lovage/ports';
import type { FastifyRequest } from 'fastify';
import { Audit, originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { unauthenticated } from '../auth/authenticate.ts';
import { newSecret } from '../auth/secrets.ts';
import { ACCESS, CLOCK } from '../deps.ts';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, Takes } from '../openapi/describe.ts';
import { ProblemError } from '../problems/problem-error.ts';

const PREFIX = 'lvk_';
/** Shown of a key: enough to tell it from others, far too little to guess the rest. */
const PREFIX_LENGTH = PREFIX.length + 8;
const DAY_MS = 24 * 3600 * 1000;

@ApiTags('api-keys')
@Controller('api/api-keys')
export class ApiKeysController {
  constructor(
    @Inject(ACCESS) private readonly access: AccessStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  @Get()
  @Allow('admin')
  @ApiOperation({ summary: 'All API keys, newest first', operationId: 'listApiKeys' })
  @Answers(200, ApiKeyList, 'The keys, without the keys themselves')
  @Problems('store_unavailable')
  async list(): Promise<ApiKeyList> {
    const keys = await this.access.listApiKeys();
    return { items: keys.map(apiKeyDocument) };
  }

  @Post()
  @Allow('admin')
  @ApiOperation({ summary: 'Make an API key', operationId: 'createApiKey' })
  @Takes(NewApiKeyBody, { name: 'billing service', role: 'operator', expiresInDays: 365 })
  @Answers(201, NewApiKeyAnswer, 'The key, shown this once')
  @Problems('body_invalid', 'store_unavailable')
  async create(@Req() request: FastifyRequest): Promise<NewApiKeyAnswer> {
    const { name, role, expiresInDays } = parseBody(NewApiKeyBody, request.body);
    const { secret, hash } = newSecret(PREFIX);
    const expiresAt = expiresInDays === undefined ? null : this.clock.now() + expiresInDays * DAY_MS;
    const prefix = secret.slice(0, PREFIX_LENGTH);
    const made = { id: newId(), userId: request.user!.id, name, role, prefix, hash, expiresAt };
    const key = await this.access.insertApiKey(made);
    if (!key) throw unauthenticated(new Error('the user is gone'));
    await this.audit.note(originOf(request), { action: 'key.create', target: key.id, detail: { name, role } });
    return { ...apiKeyDocument(key), key: secret };
  }

  @Delete(':id')
  @Allow('admin')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an API key, at once and for good', operationId: 'revokeApiKey' })
  @ApiResponse({ status: 204, description: 'It is revoked' })
  @Problems('api_key_unknown', 'store_unavailable')
  async revoke(@Param('id') id: string, @Req() request: FastifyRequest): Promise<void> {
    const revoked = isUuid(id) ? await this.access.revokeApiKey(id) : undefined;
    if (revoked === undefined) throw new ProblemError('api_key_unknown', `no API key has the id ${JSON.stringify(id)}`);
    if (revoked) await this.audit.note(originOf(request), { action: 'key.revoke', target: id });
  }
}

function apiKeyDocument(key: ApiKey): ApiKeyDocument {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const { id, userId, name, prefix, role, createdAt, expiresAt, lastUsedAt, revokedAt } = key;
  return {
    id,
    userId,
    name,
    prefix,
    role,
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: time(expiresAt),
    lastUsedAt: time(lastUsedAt),
    revokedAt: time(revokedAt),
  };
}
