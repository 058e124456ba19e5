import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { taskIdOf } from '@lovage/celery';
import { type LiveEvents, LiveQuery } from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Allow } from '../auth/access.ts';
import { Rights } from '../auth/rights.ts';
import { CLOCK } from '../deps.ts';
import { EventStream } from '../http/event-stream.ts';
import { type OpenWait, OpenWaits } from '../http/open-waits.ts';
import { parseQuery, queryInvalid } from '../http/parse-query.ts';
import { StreamLimits } from '../http/stream-limits.ts';
import { Problems, Queries } from '../openapi/describe.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { LiveReader } from './live-reader.ts';
import type { WatchedIds } from './live-source.ts';
import { LiveSources } from './live-sources.ts';

/** How the platform does, live. */
@ApiTags('live')
@Controller('api/live')
export class LiveController {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly reader: LiveReader,
    private readonly sources: LiveSources,
    private readonly limits: StreamLimits,
    private readonly waits: OpenWaits,
    private readonly rights: Rights,
  ) {}

  @Get()
  @Allow('viewer')
  @ApiOperation({
    summary: 'Follow the whole platform live, as server-sent events',
    description:
      'An event for each topic: `counts` (LiveCounts), `throughput` (LiveThroughput), `queues` (LiveQueues), `workers` (LiveWorkers), `platform` (LivePlatform) and, for the filters of GET /api/tasks and the ids of `watch`, `tasks` (LiveTasks). First each topic as it is, then whenever it has changed, at most twice a second. Events have no ids: after a return each topic is told whole again. A client that reads slowly gets the sum of what it missed when it is ready. `unavailable` { topic, code, detail }: a topic cannot be read now; when it can, it is told whole. `closed` { code, detail } is the last event of a stream that the server ends: `client_too_slow`, `unauthenticated`.',
    operationId: 'follow_live',
  })
  @Queries(LiveQuery)
  @ApiResponse({
    status: 200,
    description: 'The stream',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @Problems('query_invalid', 'too_many_streams')
  follow(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const query = parseQuery(LiveQuery, request.query);
    const { topics, watch = [], ...filters } = query;
    if (!topics.includes('tasks') && [query.watch, ...Object.values(filters)].some((value) => value !== undefined))
      throw queryInvalid([
        { path: 'query.topics', message: 'must name tasks where a filter of tasks or watch is given' },
      ]);
    const sources = this.sources.of({ topics, ...filters });
    const watched = new Map(watch.map((id) => [taskIdOf(id), id]));
    const release = this.limits.take(request.user!.id);
    const wait = this.waits.begin(request.raw, reply.raw);
    const leave = (): void => {
      wait.close();
      release();
    };
    if (wait.signal.aborted) {
      leave();
      if (this.waits.stopping) throw stopping();
      return void reply.hijack();
    }
    this.stream({ sources, watched }, request, reply, wait, leave);
  }

  /** The place is kept as long as the connection is open, however it ends: `end` sees to it that it does. */
  private stream(
    { sources, watched }: { sources: ReturnType<LiveSources['of']>; watched: WatchedIds },
    request: FastifyRequest,
    reply: FastifyReply,
    wait: OpenWait,
    leave: () => void,
  ): void {
    const stream = new EventStream(reply, this.clock, () => watching.wake(), 'come back');
    const watching = this.reader.watch(
      {
        get ready() {
          return stream.ready;
        },
        onEvent: (event) => stream.send([event]),
        onUnavailable: (topic, error) => {
          const code =
            (error as { code?: unknown }).code === 'store_unavailable' ? 'store_unavailable' : 'internal_error';
          const data: LiveEvents['unavailable'] = { topic, code, detail: `${topic} cannot be read now; tried again` };
          stream.send([{ event: 'unavailable', data }]);
        },
      },
      sources,
      watched,
    );
    const unwatch = this.rights.watch(request, 'viewer', () => {
      watching.stop();
      stream.close('unauthenticated', 'the right to follow this has ended; log in again');
    });
    const onAbort = (): void => {
      unwatch();
      watching.stop();
      stream.end();
      leave();
    };
    wait.signal.addEventListener('abort', onAbort, { once: true });
  }
}

const stopping = (): ProblemError =>
  new ProblemError('stopping', 'this server is stopping; try again', { headers: { 'retry-after': '1' } });
