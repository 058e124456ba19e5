import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { LoginAnswer, LoginBody } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, Takes } from '../openapi/describe.ts';
import { Public } from './access.ts';
import { LoginService } from './login.service.ts';

@ApiTags('auth')
@Controller('api/auth')
export class AuthController {
  constructor(private readonly logins: LoginService) {}

  @Post('login')
  @Public()
  @HttpCode(200)
  @ApiOperation({ summary: 'Log in', operationId: 'login' })
  @Takes(LoginBody, { email: 'admin@lovage.local', password: '' })
  @Answers(200, LoginAnswer, 'An access token')
  @Problems('credentials_wrong', 'body_invalid', 'too_many_logins', 'busy', 'store_unavailable')
  login(@Req() request: FastifyRequest): Promise<LoginAnswer> {
    return this.logins.login(parseBody(LoginBody, request.body), request.ip);
  }
}
