import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { type FollowedTask, TaskLogList, TaskLogQuery, type TaskLogLine } from '@lovage/http-api';
import type { Clock, ListedTask, TaskLogLine as LogRow } from '@lovage/ports';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../auth/access.ts';
import { Rights } from '../../auth/rights.ts';
import { CLOCK, type GatewayPlatform, PLATFORM } from '../../deps.ts';
import { type OpenWait, OpenWaits } from '../../http/open-waits.ts';
import { parseQuery, queryInvalid } from '../../http/parse-query.ts';
import { Answers, Problems, Queries } from '../../openapi/describe.ts';
import { ProblemError } from '../../problems/problem-error.ts';
import { listedDocument } from '../task-document.ts';
import { TaskReader } from '../task-reader.ts';
import { EventStream, type ServerEvent } from '../../http/event-stream.ts';
import { Follower, isEnd, type FollowedEvent } from './follower.ts';
import { decodePosition, START, type Position } from './sequence.ts';
import { StreamLimits } from '../../http/stream-limits.ts';
import { TaskFeed } from './task-feed.ts';

/** A task as it goes: its events, live, and what it logged. */
@ApiTags('tasks')
@Controller('api/tasks')
export class TaskEventsController {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'events'>,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly feed: TaskFeed,
    private readonly limits: StreamLimits,
    private readonly waits: OpenWaits,
    private readonly reader: TaskReader,
    private readonly rights: Rights,
  ) {}

  @Get(':id/events')
  @Allow('viewer')
  @ApiOperation({
    summary: 'Follow a task live, as server-sent events',
    description:
      'First what is known of the task, then each change. `event: state` carries the task document without fields of more than 64 KiB, which are null and named in `omitted`; `href` has them whole. `event: progress` carries { progress }, `event: log` a line as in /logs. `id` rises; sent back as Last-Event-ID the stream goes on behind it, also on another server. It ends after the terminal state. A client that does not read is told by `event: closed` with the code `client_too_slow` before the stream ends, one who loses the right to it with `unauthenticated`.',
    operationId: 'task_events',
  })
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'id of the last event received' })
  @ApiResponse({
    status: 200,
    description: 'The stream',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @ApiResponse({ status: 204, description: 'The task has ended, and the client has seen all of it' })
  @Problems('task_unknown', 'header_invalid', 'too_many_streams', 'store_unavailable')
  async follow(
    @Param('id') publicId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const after = lastEventId(request.headers['last-event-id']);
    const release = this.limits.take(request.user!.id);
    const wait = this.waits.begin(request.raw, reply.raw);
    const leave = (): void => {
      wait.close();
      release();
    };
    try {
      const snapshot = await this.reader.known(publicId, (id) => this.platform.events.snapshot(id));
      const { id } = snapshot.row;
      const follower = new Follower(after);
      // An EventSource that gets anything else would come again and again.
      if (isEnd(snapshot) && !(await this.hasMore(id, follower, snapshot.version))) {
        leave();
        return void reply.code(204).send();
      }
      if (wait.signal.aborted) {
        leave();
        if (this.waits.stopping) throw stopping();
        return void reply.hijack();
      }
      this.stream(id, follower, request, reply, wait, leave);
    } catch (error) {
      leave();
      throw error;
    }
  }

  @Get(':id/logs')
  @Allow('viewer')
  @ApiOperation({ summary: 'What a task logged', operationId: 'task_logs' })
  @Queries(TaskLogQuery)
  @Answers(200, TaskLogList, 'A page, oldest first')
  @Problems('task_unknown', 'query_invalid', 'store_unavailable')
  async logs(@Param('id') publicId: string, @Req() request: FastifyRequest): Promise<TaskLogList> {
    const { limit, level, cursor } = parseQuery(TaskLogQuery, request.query);
    const after = cursor === undefined ? 0 : logCursor(cursor);
    const { id } = await this.reader.byPublicId(publicId);
    const lines = await this.platform.events.logs(id, { after, limit: limit + 1, level });
    const items = lines.slice(0, limit).map(logLine);
    return {
      items,
      nextCursor: lines.length > limit ? Buffer.from(`log.${items.at(-1)!.no}`).toString('base64url') : null,
    };
  }

  private async hasMore(id: string, follower: Follower, version: number): Promise<boolean> {
    if (follower.wants(version, 0)) return true;
    const more = await this.platform.events.logs(id, { after: follower.logNo, limit: 1 });
    return more.length > 0;
  }

  /** The place is kept as long as the connection is open, however it ends: `end` sees to it that it does. */
  private stream(
    id: string,
    follower: Follower,
    request: FastifyRequest,
    reply: FastifyReply,
    wait: OpenWait,
    leave: () => void,
  ): void {
    const stream = new EventStream(reply, this.clock, () => following.wake());
    const following = this.feed.follow(id, follower, {
      get ready() {
        return stream.ready;
      },
      onEvents: (events) => stream.send(events.map(serverEvent)),
      onEnd: () => stream.end(),
    });
    const unwatch = this.rights.watch(request, 'viewer', () => {
      following.stop();
      stream.close('unauthenticated', 'the right to follow tasks has ended; log in again');
    });
    const onAbort = (): void => {
      unwatch();
      following.stop();
      stream.end();
      leave();
    };
    wait.signal.addEventListener('abort', onAbort, { once: true });
  }
}

function lastEventId(header: string | string[] | undefined): Position {
  if (header === undefined || header === '') return START;
  const position = decodePosition(String(header));
  if (position) return position;
  const message = 'must be the id of an event of this stream';
  throw new ProblemError('header_invalid', `Last-Event-ID ${message}`, {
    errors: [{ path: 'headers.last-event-id', message }],
  });
}

function logCursor(cursor: string): number {
  const [, no] = /^log\.(\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (no === undefined)
    throw queryInvalid([{ path: 'query.cursor', message: 'is no cursor of this list; begin without one' }]);
  return Number(no);
}

function logLine(line: LogRow): TaskLogLine {
  return { ...line, at: new Date(line.at).toISOString(), fields: line.fields ?? null };
}

function serverEvent({ id, event, data }: FollowedEvent): ServerEvent {
  if (event === 'log') return { id, event, data: logLine(data as LogRow) };
  const row = data as ListedTask;
  return { id, event, data: event === 'state' ? followedDocument(row) : { progress: row.progress ?? null } };
}

const followedDocument = (row: ListedTask): FollowedTask => ({ ...listedDocument(row), href: `/api/tasks/${row.id}` });

const stopping = (): ProblemError =>
  new ProblemError('stopping', 'this server is stopping; try again', { headers: { 'retry-after': '1' } });
