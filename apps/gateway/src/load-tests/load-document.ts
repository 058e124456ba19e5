import type { LoadTestDocument, LoadTestList } from '@lovage/http-api';
import type { LoadTest } from '@lovage/ports';
import { NOTHING_YET, type LoadReport } from './load-report.ts';

/** A load test as the API shows it. */
export function loadDocument({
  id,
  spec,
  actor,
  state,
  report,
  error,
  ...times
}: LoadTest<LoadReport>): LoadTestDocument {
  return {
    ...{ id, ...spec, actor, state, error },
    createdAt: new Date(times.createdAt).toISOString(),
    endedAt: times.endedAt === null ? null : new Date(times.endedAt).toISOString(),
    ...(report ?? NOTHING_YET),
  };
}

export function withoutPoints(test: LoadTest<LoadReport>): LoadTestList['items'][number] {
  const { points: _points, ...rest } = loadDocument(test);
  return rest;
}
