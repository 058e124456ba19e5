import { Controller, Get, Inject, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { UserDocument } from '@lovage/http-api';
import type { Clock, UserStore } from '@lovage/ports';
import type { FastifyRequest } from 'fastify';
import { Allow } from '../auth/access.ts';
import { unauthenticated } from '../auth/authenticate.ts';
import { CLOCK, USERS } from '../deps.ts';
import { withinDeadline } from '../http/deadline.ts';
import { Answers, Problems } from '../openapi/describe.ts';
import { userDocument } from './user-document.ts';

@ApiTags('users')
@Controller('api/users')
export class UsersController {
  constructor(
    @Inject(USERS) private readonly users: Pick<UserStore, 'findById'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get('me')
  @Allow('viewer')
  @ApiOperation({ summary: 'Who I am', operationId: 'me' })
  @Answers(200, UserDocument, 'The user whose token this is')
  @Problems('store_unavailable')
  async me(@Req() request: FastifyRequest): Promise<UserDocument> {
    const user = await withinDeadline(this.clock, this.users.findById(request.user!.id));
    if (!user) throw unauthenticated(new Error('the user is gone'));
    return userDocument(user);
  }
}
