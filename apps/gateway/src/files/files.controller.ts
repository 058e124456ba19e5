import { Controller, Delete, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
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
import { filePath, FileStore } from '@lovage/files';
import { FileDocument, FileList, FileListQuery } from '@lovage/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Audit, originOf } from '../audit/audit.service.ts';
import { Allow } from '../auth/access.ts';
import { type GatewayOptions, type GatewayPlatform, OPTIONS, PLATFORM } from '../deps.ts';
import { parseQuery, queryInvalid } from '../http/parse-query.ts';
import { Answers, Problems, Queries } from '../openapi/describe.ts';
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
    private readonly audit: Audit,
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'files'>,
    @Inject(OPTIONS) private readonly options: GatewayOptions,
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
    'files_over_quota',
    'storage_full',
    'store_unavailable',
  )
  async upload(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { path } = parseQuery(UploadQuery, request.query);
    const file = await this.uploads.take(request, path, request.user!.id);
    reply.code(201).header('location', urlOfPath(PREFIX, file.path)).send(file);
  }

  @Get()
  @Allow('viewer')
  @ApiOperation({ summary: 'Files, in the order of their paths', operationId: 'listFiles' })
  @Queries(FileListQuery)
  @Answers(200, FileList, 'A page')
  @Problems('query_invalid', 'store_unavailable')
  async list(@Req() request: FastifyRequest): Promise<FileList> {
    const { limit, cursor } = parseQuery(FileListQuery, request.query);
    const found = await this.store.list({ after: cursor === undefined ? undefined : pathOf(cursor), limit: limit + 1 });
    const items = found
      .slice(0, limit)
      .map((file) => ({ ...file, modifiedAt: new Date(file.modifiedAt).toISOString() }));
    return {
      items,
      nextCursor: found.length > limit ? cursorOf(items.at(-1)!.path) : null,
      usage: await this.usage(request.user!.id),
    };
  }

  @Delete('*')
  @Allow('operator')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a file', operationId: 'deleteFile' })
  @ApiParam({
    name: 'path',
    description: 'With its slashes as they are',
    schema: { type: 'string', example: 'photos/cat.jpg' },
  })
  @ApiResponse({ status: 204, description: 'It is gone. A download under way reads to its end' })
  @Problems('file_unknown', 'file_path_invalid', 'store_unavailable')
  async remove(@Req() request: FastifyRequest): Promise<void> {
    const path = filePath(pathInUrl(request.url, PREFIX));
    const { handle } = await this.store.open(path);
    await handle.close();
    // Written first: nothing is gone without a trace.
    await this.audit.note(originOf(request), { action: 'file.delete', target: path });
    await this.store.delete(path);
    await this.platform.files.forget([path]);
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

  private async usage(user: string): Promise<FileList['usage']> {
    const { userBytes, totalBytes } = await this.platform.files.usage(user);
    const { quota } = this.options.files;
    const limit = (bytes = Infinity): number | null => (Number.isFinite(bytes) ? bytes : null);
    return {
      ...{ bytes: userBytes, quota: limit(quota?.userBytes) },
      ...{ totalBytes, totalQuota: limit(quota?.totalBytes) },
    };
  }
}

const cursorOf = (path: string): string => Buffer.from(`file.${path}`).toString('base64url');

function pathOf(cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString();
  try {
    if (text.startsWith('file.')) return filePath(text.slice('file.'.length));
  } catch {
    // As below.
  }
  throw queryInvalid([{ path: 'query.cursor', message: 'is no cursor of this list; begin without one' }]);
}
