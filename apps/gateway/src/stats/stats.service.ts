import { Inject, Injectable } from '@nestjs/common';
import type { StatsDocument, StatsQuery } from '@lovage/http-api';
import type { Clock, HistorySpan } from '@lovage/ports';
import { CLOCK, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { RecentAnswers } from '../http/recent-answers.ts';
import { statsDocument } from './stats-document.ts';
import { statsRange } from './stats-range.ts';

/** All who ask the same within this time share one answer, ms. */
const FRESH_MS = 1_000;
/** Series of an answer, at most, and points of all of them together. */
const MAX_SERIES = 50;
const MAX_VALUES = 10_000;

/** Reads the history of ended tasks. */
@Injectable()
export class StatsService {
  private readonly spans: RecentAnswers<HistorySpan>;
  private readonly answers: RecentAnswers<StatsDocument>;

  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'stats'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.spans = new RecentAnswers(clock, FRESH_MS);
    this.answers = new RecentAnswers(clock, FRESH_MS);
  }

  /** @throws ProblemError `query_invalid` */
  async read(query: StatsQuery): Promise<StatsDocument> {
    const span = await this.span();
    const range = statsRange(query, this.clock.now(), span);
    const { by, contract, queue, state: states } = query;
    const maxSeries = Math.min(MAX_SERIES, Math.floor(MAX_VALUES / range.points));
    const request = { ...range, by, maxSeries, contract, queue, states };
    return this.answers.get(JSON.stringify(request), async () =>
      statsDocument(range, span, await this.platform.stats.stats(request)),
    );
  }

  /** How far the counting has come. */
  span(): Promise<HistorySpan> {
    return this.spans.get('', () => this.platform.stats.span());
  }
}
