import { Controller, Delete, Get, HttpCode, Param, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { SessionList, SessionQuery } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { originOf } from '../audit/audit.service.ts';
import { parseQuery } from '../http/parse-query.ts';
import { Answers, Problems, Queries } from '../openapi/describe.ts';
import { Allow } from './access.ts';
import { Sessions } from './sessions.service.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** Logins that can be refreshed: which there are, and how to end one. */
@ApiTags('auth')
@Controller('api/sessions')
export class SessionsController {
  constructor(private readonly sessions: Sessions) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'My sessions; for administrators also those of others', operationId: 'sessions' })
  @Queries(SessionQuery)
  @Answers(200, SessionList, 'Those used last first')
  @Problems('query_invalid', 'store_unavailable')
  async list(@Req() request: FastifyRequest): Promise<SessionList> {
    const user = request.user!;
    const sessions = await this.sessions.list(parseQuery(SessionQuery, request.query).user, user);
    const items = sessions.map((session) => ({
      ...session,
      current: session.id === user.sessionId,
      createdAt: iso(session.createdAt),
      lastUsedAt: iso(session.lastUsedAt),
      expiresAt: iso(session.expiresAt),
    }));
    return { items };
  }

  @Delete(':id')
  @Allow('viewer')
  @HttpCode(204)
  @ApiOperation({ summary: 'End a session; for administrators also those of others', operationId: 'end_session' })
  @ApiResponse({ status: 204, description: 'It can no longer be refreshed, and its access tokens are refused' })
  @Problems('session_unknown', 'store_unavailable')
  async end(@Param('id') id: string, @Req() request: FastifyRequest): Promise<void> {
    await this.sessions.endOne(id, originOf(request));
  }
}
