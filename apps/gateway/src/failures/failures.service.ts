import { Inject, Injectable } from '@nestjs/common';
import { isUuid } from '@lovage/foundation';
import {
  FAILURE_TREND_PARTS,
  type FailureGroupDocument,
  type FailureGroupList,
  type FailureGroupListQuery,
  type FailureGroupQuery,
} from '@lovage/http-api';
import type { Clock, FailureGroup, FailurePosition, HistoryReader } from '@lovage/ports';
import { CLOCK, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { queryInvalid } from '../http/parse-query.ts';
import { RecentAnswers } from '../http/recent-answers.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { StatsService } from '../stats/stats.service.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** All who ask the same within this time share one answer, ms. */
const FRESH_MS = 1_000;

type Page = Awaited<ReturnType<HistoryReader['failures']>>;

/** Reads groups of tasks that failed alike. */
@Injectable()
export class FailuresService {
  private readonly answers: RecentAnswers<Page>;

  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'stats'>,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly stats: StatsService,
  ) {
    this.answers = new RecentAnswers(clock, FRESH_MS);
  }

  /** @throws ProblemError `query_invalid` */
  async list(query: FailureGroupListQuery): Promise<FailureGroupList> {
    const { from, to } = this.times(query);
    const { contract, type, task, sort, limit, cursor } = query;
    const after = cursor === undefined ? undefined : decode(cursor);
    const request = { from, to, parts: FAILURE_TREND_PARTS, contract, type, taskId: task?.toLowerCase() };
    const { items, next } = await this.read(request, { sort, limit, after });
    const { countedTo } = await this.stats.span();
    return {
      items: items.map(groupDocument),
      nextCursor: next && encode(next),
      from: iso(from),
      to: iso(to),
      countedTo: countedTo === null ? null : iso(countedTo),
    };
  }

  /** @throws ProblemError `failure_group_unknown`, `query_invalid` */
  async get(id: string, query: FailureGroupQuery): Promise<FailureGroupDocument> {
    const times = this.times(query);
    const request = { ...times, parts: FAILURE_TREND_PARTS, id: id.toLowerCase() };
    const [group] = isUuid(request.id) ? (await this.read(request, { sort: 'count', limit: 1 })).items : [];
    if (group) return groupDocument(group);
    throw new ProblemError(
      'failure_group_unknown',
      `there is no group of failures ${JSON.stringify(id.slice(0, 100))}; one that has not been seen for long is deleted`,
    );
  }

  private read(...[request, page]: Parameters<HistoryReader['failures']>): Promise<Page> {
    return this.answers.get(JSON.stringify([request, page]), () => this.platform.stats.failures(request, page));
  }

  /** Whole minutes, as failures are counted by them. */
  private times({ from, to }: FailureGroupQuery): { from: number; to: number } {
    const end = Math.ceil((to ?? this.clock.now()) / MINUTE_MS) * MINUTE_MS;
    const start = from === undefined ? end - DAY_MS : Math.floor(from / MINUTE_MS) * MINUTE_MS;
    if (start >= end) throw queryInvalid([{ path: 'query.from', message: 'must be before `to`' }]);
    return { from: start, to: end };
  }
}

function groupDocument({ firstSeenAt, lastSeenAt, stack, trend, ...same }: FailureGroup): FailureGroupDocument {
  return {
    ...same,
    stack: [...stack],
    trend: [...trend],
    firstSeenAt: iso(firstSeenAt),
    lastSeenAt: iso(lastSeenAt),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const FORM = /^(\d{1,15})\.([0-9a-f-]{36})$/;

/** It tells nothing that the list did not, so it is checked, not signed. */
function encode({ value, id }: FailurePosition): string {
  return Buffer.from(`${value}.${id}`).toString('base64url');
}

function decode(cursor: string): FailurePosition {
  const [, value, id] = FORM.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (value === undefined || !isUuid(id!) || encode({ value: Number(value), id: id! }) !== cursor)
    throw queryInvalid([{ path: 'query.cursor', message: 'is no cursor of this list; begin without one' }]);
  return { value: Number(value), id: id! };
}
