import { Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { isUuid } from '@lovage/foundation';
import { MePatchBody, NewUserBody, UserDocument, UserList, UserPatchBody } from '@lovage/http-api';
import type { FastifyRequest } from 'fastify';
import { originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { parseBody } from '../http/parse-body.ts';
import { Answers, Problems, Takes } from '../openapi/describe.ts';
import { userUnknown, UsersService } from './users.service.ts';

@ApiTags('users')
@Controller('api/users')
export class UsersController {
  constructor(@Inject(UsersService) private readonly users: UsersService) {}

  @Get('me')
  @Allow('viewer')
  @ApiOperation({ summary: 'Who I am', operationId: 'me' })
  @Answers(200, UserDocument, 'The user whose token or key this is')
  @Problems('store_unavailable')
  me(@Req() request: FastifyRequest): Promise<UserDocument> {
    return this.users.me(request.user!);
  }

  @Patch('me')
  @Allow('viewer')
  @ApiOperation({ summary: 'Change my name or password', operationId: 'updateMe' })
  @Takes(MePatchBody, { password: { current: '', new: '' } })
  @Answers(200, UserDocument, 'The user, changed')
  @Problems('body_invalid', 'credentials_wrong', 'too_many_logins', 'busy', 'store_unavailable')
  updateMe(@Req() request: FastifyRequest): Promise<UserDocument> {
    return this.users.updateMe(parseBody(MePatchBody, request.body), originOf(request));
  }

  @Get()
  @Allow('admin')
  @ApiOperation({ summary: 'All users, oldest first', operationId: 'listUsers' })
  @Answers(200, UserList, 'The users')
  @Problems('store_unavailable')
  list(): Promise<UserList> {
    return this.users.list();
  }

  @Post()
  @Allow('admin')
  @ApiOperation({ summary: 'Make a user', operationId: 'createUser' })
  @Takes(NewUserBody, { email: 'ana@example.org', password: '', role: 'operator' })
  @Answers(201, UserDocument, 'The user')
  @Problems('body_invalid', 'email_taken', 'busy', 'store_unavailable')
  create(@Req() request: FastifyRequest): Promise<UserDocument> {
    return this.users.create(parseBody(NewUserBody, request.body), originOf(request));
  }

  @Get(':id')
  @Allow('admin')
  @ApiOperation({ summary: 'A user', operationId: 'getUser' })
  @Answers(200, UserDocument, 'The user')
  @Problems('user_unknown', 'store_unavailable')
  get(@Param('id') id: string): Promise<UserDocument> {
    return this.users.get(idOf(id));
  }

  @Patch(':id')
  @Allow('admin')
  @ApiOperation({
    summary: "Change a user's role, name or password; disable or enable the user",
    operationId: 'updateUser',
  })
  @Takes(UserPatchBody, { role: 'operator' })
  @Answers(200, UserDocument, 'The user, changed')
  @Problems('body_invalid', 'user_unknown', 'last_admin', 'own_user', 'busy', 'store_unavailable')
  update(@Param('id') id: string, @Req() request: FastifyRequest): Promise<UserDocument> {
    return this.users.update(idOf(id), parseBody(UserPatchBody, request.body), originOf(request));
  }

  @Delete(':id')
  @Allow('admin')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a user, with their logins and API keys', operationId: 'removeUser' })
  @ApiResponse({ status: 204, description: 'The user is gone; their tasks stay' })
  @Problems('user_unknown', 'last_admin', 'store_unavailable')
  remove(@Param('id') id: string, @Req() request: FastifyRequest): Promise<void> {
    return this.users.remove(idOf(id), originOf(request));
  }
}

function idOf(text: string): string {
  if (!isUuid(text)) throw userUnknown(text);
  return text;
}
