import { Inject, Injectable } from '@nestjs/common';
import { boundedJson, isUuid, newId, NotJsonError } from '@lovage/foundation';
import {
  includesRole,
  type BulkAction,
  type BulkBody,
  type BulkJobDocument,
  type BulkJobList,
  type BulkListQuery,
  type BulkPreviewBody,
  type BulkPreviewDocument,
} from '@lovage/http-api';
import type { Clock } from '@lovage/ports';
import type { CurrentUser } from '../auth/current-user.ts';
import { CLOCK, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { bulkDocument } from './bulk-document.ts';
import { roleFor } from './bulk-roles.ts';
import { BulkRunner, MOST_JOBS } from './bulk-runner.ts';
import { BulkTargets } from './bulk-targets.ts';

/** What clocks of gateways may be apart, ms. */
const CLOCKS_MS = 10_000;
/** Of a request that is kept, bytes: more than any body has. */
const MAX_SPEC_BYTES = 16 * 1024 * 1024;

/** Starts, shows and stops bulk jobs. */
@Injectable()
export class BulkService {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'bulk'>,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly targets: BulkTargets,
    private readonly runner: BulkRunner,
  ) {}

  /** How many match now. @throws ProblemError `forbidden`, `busy` */
  async preview(spec: BulkPreviewBody, user: CurrentUser): Promise<BulkPreviewDocument> {
    checkRole(spec.action, user);
    const at = this.clock.now();
    const counted = await this.targets.count({ spec, at, userId: user.id });
    return { at: new Date(at).toISOString(), ...counted };
  }

  /**
   * @param given the body as it came: it is kept, and read anew by the gateway that runs the job.
   * @throws ProblemError `forbidden`, `body_invalid`, `too_many_jobs`
   */
  async start(body: BulkBody, given: unknown, user: CurrentUser): Promise<BulkJobDocument> {
    checkRole(body.action, user);
    if (body.at > this.clock.now() + CLOCKS_MS) throw bodyInvalid('at', 'must not be in the future');
    const job = { id: newId(), spec: specText(given), at: body.at, reason: body.reason, actor: user.id };
    const made = await this.platform.bulk.insert(job, MOST_JOBS);
    if (!made)
      throw new ProblemError('too_many_jobs', `${MOST_JOBS} bulk jobs run already; stop one, or wait for one to end`, {
        headers: { 'retry-after': '30' },
      });
    this.runner.wake();
    return bulkDocument(made);
  }

  async list({ state, limit, cursor }: BulkListQuery): Promise<BulkJobList> {
    const options = { state, limit: limit + 1, before: cursor?.toLowerCase() };
    const jobs = await this.platform.bulk.list(options);
    const items = jobs.slice(0, limit);
    return { items: items.map(bulkDocument), nextCursor: jobs.length > limit ? items.at(-1)!.id : null };
  }

  /** @throws ProblemError `bulk_unknown` */
  async get(id: string): Promise<BulkJobDocument> {
    const job = isUuid(id) ? await this.platform.bulk.get(id.toLowerCase()) : undefined;
    if (!job) throw bulkUnknown(id);
    return bulkDocument(job);
  }

  /** The job, and whether this call has stopped it. @throws ProblemError `bulk_unknown` */
  async stop(id: string, user: CurrentUser): Promise<{ readonly job: BulkJobDocument; readonly stopped: boolean }> {
    const done = isUuid(id) ? await this.platform.bulk.stop(id.toLowerCase(), user.id) : undefined;
    if (!done) throw bulkUnknown(id);
    return { job: bulkDocument(done.job), stopped: done.stopped };
  }
}

function checkRole(action: BulkAction, { role }: CurrentUser): void {
  const needed = roleFor(action);
  if (!includesRole(role, needed))
    throw new ProblemError('forbidden', `${action} takes the role ${needed}; yours is ${role}`);
}

function specText(given: unknown): string {
  try {
    return boundedJson(given, MAX_SPEC_BYTES);
  } catch (error) {
    if (error instanceof NotJsonError) throw bodyInvalid(error.path.replace(/^\./, ''), error.message);
    throw error;
  }
}

function bodyInvalid(path: string, message: string): ProblemError {
  return new ProblemError('body_invalid', `${path}: ${message}`, { errors: [{ path, message }] });
}

const bulkUnknown = (id: string): ProblemError =>
  new ProblemError('bulk_unknown', `there is no bulk job ${JSON.stringify(id)}: it never was, or ended 30 days ago`);
