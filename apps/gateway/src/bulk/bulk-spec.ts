import { parseExactJson } from '@lovage/foundation';
import { BulkBody } from '@lovage/http-api';
import type { BulkJob } from '@lovage/ports';
import { checkValue, listIssues } from '@lovage/task';

/**
 * The request that a job was started with, checked anew: a gateway of another version may have taken it.
 * @throws Error it does not fit here.
 */
export function specOf(job: Pick<BulkJob, 'spec'>): BulkBody {
  const checked = checkValue(BulkBody, '', parseExactJson(job.spec));
  if (checked.issues) throw new Error(`this version cannot run it: ${listIssues(checked.issues)}`);
  return checked.value;
}
