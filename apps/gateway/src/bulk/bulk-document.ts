import { parseExactJson } from '@lovage/foundation';
import type { BulkBody, BulkJobDocument } from '@lovage/http-api';
import type { BulkJob } from '@lovage/ports';

const iso = (ms: number): string => new Date(ms).toISOString();

/** A job as the API shows it. */
export function bulkDocument(job: BulkJob): BulkJobDocument {
  // Checked when it was taken; here it is only shown.
  const given = parseExactJson(job.spec) as Partial<BulkBody> & Pick<BulkBody, 'action'>;
  const { done, skipped, failed, stoppedBy, state } = job;
  const seconds = Math.max(0.001, (job.updatedAt - job.createdAt) / 1000);
  return {
    id: job.id,
    action: given.action,
    filter: (given.filter as Record<string, unknown> | undefined) ?? null,
    picked: 'ids' in given ? (given.ids?.length ?? null) : null,
    terminate: 'terminate' in given && given.terminate === true,
    mapping: 'mapping' in given ? (given.mapping ?? null) : null,
    at: iso(job.at),
    reason: job.reason,
    rate: given.rate ?? null,
    actor: job.actor,
    state,
    matched: job.matched,
    complete: job.complete,
    ...{ done, skipped, failed },
    failures: [...job.failures],
    perSecond: Math.round(((done + skipped + failed) / seconds) * 100) / 100,
    error: job.error,
    createdAt: iso(job.createdAt),
    updatedAt: iso(job.updatedAt),
    endedAt: job.endedAt === null ? null : iso(job.endedAt),
    stopped: state === 'stopped' ? { at: iso(job.endedAt!), actor: stoppedBy } : null,
  };
}
