import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { TaskLogList, TaskLogQuery, type TaskLogLine } from '@lovage/http-api';
import type { Clock, TaskEvents, TaskLogLine as LogRow, TaskRow } from '@lovage/ports';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../../auth/access.ts';
import { CLOCK, EVENTS } from '../../deps.ts';
import { withinDeadline } from '../../http/deadline.ts';
import { OpenWaits } from '../../http/open-waits.ts';
import { parseQuery, queryInvalid } from '../../http/parse-query.ts';
import { Answers, Problems, Queries } from '../../openapi/describe.ts';
import { ProblemError } from '../../problems/problem-error.ts';
import { taskDocument } from '../task-document.ts';
import { TaskReader } from '../task-reader.ts';
import { EventStream, type ServerEvent } from './event-stream.ts';
import { Follower, isEnd, type TaskEvent } from './follower.ts';
import { decodePosition, START, type Position } from './sequence.ts';
import { StreamLimits } from './stream-limits.ts';
import { readLines, TaskFeed } from './task-feed.ts';

/** A task as it goes: its events, live, and what it logged. */
@ApiTags('tasks')
@Controller('api/tasks')
export class TaskEventsController {
  constructor(
    @Inject(EVENTS) private readonly events: TaskEvents,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly feed: TaskFeed,
    private readonly limits: StreamLimits,
    private readonly waits: OpenWaits,
    private readonly reader: TaskReader,
  ) {}

  @Get(':id/events')
  @Allow('viewer')
  @ApiOperation({
    summary: 'Follow a task live, as server-sent events',
    description:
      'First what is known of the task, then each change. `event: state` carries the task document, `event: progress` { progress }, `event: log` a line as in /logs. `id` rises; sent back as Last-Event-ID the stream goes on behind it, also on another server. It ends after the terminal state.',
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
    const { id } = await this.reader.byPublicId(publicId);
    const release = this.limits.take(request.user!.id);
    try {
      const follower = new Follower(after);
      const first = await withinDeadline(this.clock, this.firstEvents(id, follower));
      // An EventSource that gets anything else would come again and again.
      if (first.ended && first.events.length === 0) {
        release();
        return void reply.code(204).send();
      }
      const stream = new EventStream(reply, this.clock);
      stream.send(first.events.map(serverEvent));
      if (first.ended) {
        release();
        return stream.end();
      }
      this.stream(id, follower, stream, reply, release);
    } catch (error) {
      release();
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
    const lines = await withinDeadline(this.clock, this.events.logs(id, { after, limit: limit + 1, level }));
    const items = lines.slice(0, limit).map(logLine);
    return {
      items,
      nextCursor: lines.length > limit ? Buffer.from(`log.${items.at(-1)!.no}`).toString('base64url') : null,
    };
  }

  /** What is known now, so that a client gets something at once and an unknown task is no stream. */
  private async firstEvents(id: string, follower: Follower): Promise<{ events: TaskEvent[]; ended: boolean }> {
    const snapshot = await this.events.snapshot(id);
    if (!snapshot) return { events: [], ended: true };
    const lines = await readLines(this.events, id, follower.logNo);
    return { events: [...follower.eventsOf(snapshot, lines)], ended: isEnd(snapshot) };
  }

  private stream(id: string, follower: Follower, stream: EventStream, reply: FastifyReply, release: () => void): void {
    const wait = this.waits.begin(reply.raw);
    const close = (): void => {
      leave();
      wait.close();
      release();
      stream.end();
    };
    const leave = this.feed.follow(id, follower, {
      onEvents: (events) => stream.send(events.map(serverEvent)),
      onEnd: close,
    });
    if (wait.signal.aborted) close();
    else wait.signal.addEventListener('abort', close, { once: true });
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

function serverEvent({ id, event, data }: TaskEvent): ServerEvent {
  if (event === 'state') return { id, event, data: taskDocument(data as TaskRow) };
  return { id, event, data: event === 'log' ? logLine(data as LogRow) : data };
}
