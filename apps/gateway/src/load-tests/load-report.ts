import type { LoadTestDocument } from '@lovage/http-api';

/** What a load test has measured so far: of its document what the child process knows. */
export type LoadReport = Pick<
  LoadTestDocument,
  | 'submitted'
  | 'refused'
  | 'succeeded'
  | 'failed'
  | 'waiting'
  | 'submitPerSecond'
  | 'endPerSecond'
  | 'submitLatency'
  | 'endToEnd'
  | 'points'
>;

export const NOTHING_YET: LoadReport = {
  ...{ submitted: 0, refused: 0, succeeded: 0, failed: 0, waiting: 0, submitPerSecond: 0, endPerSecond: 0 },
  ...{ submitLatency: null, endToEnd: null, points: [] },
};
