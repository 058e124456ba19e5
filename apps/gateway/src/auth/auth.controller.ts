import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { LoginAnswer, LoginBody, RefreshBody } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, Takes } from '../openapi/describe.ts';
import { Public } from './access.ts';
import { originOf } from '../audit/audit.service.ts';
import { LoginService } from './login.service.ts';
import { Sessions } from './sessions.service.ts';

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
  @Problems('credentials_wrong', 'body_invalid', 'too_many_logins', 'busy', 'store_unavailable')
  login(@Req() request: FastifyRequest): Promise<LoginAnswer> {
    return this.logins.login(parseBody(LoginBody, request.body), originOf(request));
  }

  @Post('refresh')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'The next tokens of a login', operationId: 'refresh' })
  @Takes(RefreshBody, { refreshToken: '' })
  @Answers(200, LoginAnswer, 'New tokens; the refresh token that was shown is used up')
  @Problems('refresh_invalid', 'body_invalid', 'too_many_logins', 'store_unavailable')
  refresh(@Req() request: FastifyRequest): Promise<LoginAnswer> {
    return this.sessions.refresh(parseBody(RefreshBody, request.body).refreshToken ?? '', originOf(request));
  }

  @Post('logout')
  @Public()
  @HttpCode(204)
  @ApiOperation({ summary: 'End a login', operationId: 'logout' })
  @Takes(RefreshBody, { refreshToken: '' })
  @ApiResponse({ status: 204, description: 'It can no longer be refreshed; access tokens end by themselves' })
  @Problems('body_invalid', 'too_many_logins', 'store_unavailable')
  async logout(@Req() request: FastifyRequest): Promise<void> {
    await this.sessions.end(parseBody(RefreshBody, request.body).refreshToken ?? '', originOf(request));
  }
}
