import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { FileStore } from '@lovage/files';
import { FileDocument } from '@lovage/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Allow } from '../auth/access.ts';
import { parseQuery } from '../http/parse-query.ts';
import { Answers, Problems } from '../openapi/describe.ts';
import { TakesFiles } from './multipart.ts';
import { sendFile } from './send-file.ts';
import { Uploads } from './uploads.ts';
import { pathInUrl, urlOfPath } from './url-path.ts';

const PREFIX = '/api/files/';
const UploadQuery = z.strictObject({ path: z.string().optional() });

@ApiTags('files')
@Controller('api/files')
export class FilesController {
  constructor(
    private readonly store: FileStore,
    private readonly uploads: Uploads,
  ) {}

  @Post()
  @Allow('operator')
  @TakesFiles()
  @ApiOperation({
    summary: 'Upload a file',
    description:
      'For tasks to work on: `image.thumbnail` with `{ "source": { "path": … } }`. No file takes the place of another.',
    operationId: 'upload',
  })
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    required: true,
    schema: { type: 'object', required: ['file'], properties: { file: { type: 'string', format: 'binary' } } },
  })
  @ApiQuery({
    name: 'path',
    required: false,
    schema: { type: 'string', maxLength: 500, example: 'photos/cat.jpg' },
    description: 'Where to put it. Default: uploads/<id>/ and the file’s own name',
  })
  @Answers(201, FileDocument, 'The file is there. `Location` tells where it is to be had')
  @Problems(
    'body_too_large',
    'media_type_unsupported',
    'body_invalid',
    'query_invalid',
    'file_path_invalid',
    'file_exists',
    'storage_full',
  )
  async upload(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { path } = parseQuery(UploadQuery, request.query);
    const file = await this.uploads.take(request, path);
    reply.code(201).header('location', urlOfPath(PREFIX, file.path)).send(file);
  }

  @Get('*')
  @Allow('viewer')
  @ApiOperation({
    summary: 'Download a file',
    description: 'Takes `Range`, `If-Range` and `If-None-Match`.',
    operationId: 'file',
  })
  @ApiParam({
    name: 'path',
    description: 'With its slashes as they are',
    schema: { type: 'string', example: 'photos/cat.jpg' },
  })
  @ApiProduces('application/octet-stream')
  @ApiResponse({ status: 200, description: 'The file', schema: { type: 'string', format: 'binary' } })
  @ApiResponse({
    status: 206,
    description: 'The range of it that was asked for',
    schema: { type: 'string', format: 'binary' },
  })
  @Problems('file_unknown', 'file_path_invalid', 'range_unsatisfiable')
  async download(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await sendFile(await this.store.open(pathInUrl(request.url, PREFIX)), request, reply);
  }
}
