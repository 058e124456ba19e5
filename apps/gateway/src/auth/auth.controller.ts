import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { LoginAnswer, LoginBody, LogoutEverywhereAnswer, RefreshBody } from '@lovage/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, Takes } from '../openapi/describe.ts';
import { Allow, Public } from './access.ts';
import { originOf } from '../audit/audit.service.ts';
import { LoginService } from './login.service.ts';
import { clearRefreshCookie, refreshCookieOf, requireSameOrigin, setRefreshCookie } from './refresh-cookie.ts';
import { sessionClientOf } from './session-client.ts';
import { REFRESH_TOKEN_MS, Sessions, type Tokens } from './sessions.service.ts';

@ApiTags('auth')
@Controller('api/auth')
export class AuthController {
  constructor(
    private readonly logins: LoginService,
    private readonly sessions: Sessions,
  ) {}

  @Post('login')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'Log in', operationId: 'login' })
  @Takes(LoginBody, { email: 'admin@lovage.local', password: '' })
  @Answers(200, LoginAnswer, 'An access token')
  @Problems(
    'credentials_wrong',
    'user_disabled',
    'body_invalid',
    'cross_site',
    'too_many_logins',
    'busy',
    'store_unavailable',
  )
  async login(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<LoginAnswer> {
    const body = parseBody(LoginBody, request.body);
    if (body.cookie) requireSameOrigin(request);
    const tokens = await this.logins.login(body, originOf(request), sessionClientOf(request, body.cookie));
    return body.cookie ? intoCookie(tokens, request, reply) : tokens;
  }

  @Post('refresh')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'The next tokens of a login', operationId: 'refresh' })
  @Takes(RefreshBody, { refreshToken: '' })
  @Answers(200, LoginAnswer, 'New tokens; the refresh token that was shown is used up')
  @Problems('refresh_invalid', 'body_invalid', 'cross_site', 'too_many_logins', 'store_unavailable')
  async refresh(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<LoginAnswer> {
    const { token, cookie } = shown(request);
    const tokens = await this.sessions.refresh(token ?? '', originOf(request), sessionClientOf(request, cookie));
    return cookie ? intoCookie(tokens, request, reply) : tokens;
  }

  @Post('logout')
  @Public()
  @HttpCode(204)
  @ApiOperation({ summary: 'End a login', operationId: 'logout' })
  @Takes(RefreshBody, { refreshToken: '' })
  @ApiResponse({ status: 204, description: 'It can no longer be refreshed, and its access tokens are refused' })
  @Problems('body_invalid', 'cross_site', 'too_many_logins', 'store_unavailable')
  async logout(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const { token, cookie } = shown(request);
    await this.sessions.end(token ?? '', originOf(request));
    if (cookie) clearRefreshCookie(request, reply);
  }

  @Post('logout-everywhere')
  @Allow('viewer')
  @HttpCode(200)
  @ApiOperation({ summary: 'End all my logins, with their access tokens', operationId: 'logout_everywhere' })
  @Answers(200, LogoutEverywhereAnswer, 'They have ended, this one included. API keys go on')
  @Problems('store_unavailable')
  async logoutEverywhere(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<LogoutEverywhereAnswer> {
    const ended = await this.sessions.endAll(originOf(request));
    if (refreshCookieOf(request) !== undefined) clearRefreshCookie(request, reply);
    return { ended };
  }
}

/**
 * The refresh token that a request shows, in its body or else in its cookie.
 * @throws ProblemError `body_invalid`; `cross_site`: the cookie is not for the page that asks.
 */
function shown(request: FastifyRequest): { readonly token: string | undefined; readonly cookie: boolean } {
  const { refreshToken } = parseBody(RefreshBody, request.body ?? {});
  if (refreshToken !== undefined) return { token: refreshToken, cookie: false };
  requireSameOrigin(request);
  return { token: refreshCookieOf(request), cookie: true };
}

function intoCookie(tokens: Tokens, request: FastifyRequest, reply: FastifyReply): LoginAnswer {
  setRefreshCookie(request, reply, tokens.refreshToken, REFRESH_TOKEN_MS / 1000);
  return { ...tokens, refreshToken: null };
}
