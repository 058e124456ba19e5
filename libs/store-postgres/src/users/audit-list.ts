import type { AuditEntry, AuditSearch } from '@lovage/ports';
import { Prisma, type PrismaClient } from '../generated/prisma/client.ts';

interface AuditRow {
  id: string;
  at: Date;
  user_id: string | null;
  key_id: string | null;
  action: string;
  target: string | null;
  detail: unknown;
  address: string | null;
}

/** Every action that the log has, each found by one step in its index: there are some dozens, however long the log is. */
const ACTIONS = Prisma.sql`
  recursive known as (
    (select action from audit order by action limit 1)
    union all
    select (select a.action from audit a where a.action > k.action order by a.action limit 1)
    from known k where k.action is not null
  )`;

/** The log, newest first. */
export async function listAudit(prisma: PrismaClient, search: AuditSearch): Promise<AuditEntry[]> {
  return (await prisma.$queryRaw<AuditRow[]>(auditQuery(search))).map(toEntry);
}

/**
 * It reads the newest entries of each action that fits from the index; the newest of all these are the page: so a rare action, or a
 * quiet user, is found as fast as any other. `between`, and the order by both: with `=` the planner may walk all entries by their ids
 * instead. See docs/decisions/0403.
 */
export function auditQuery({ limit, before, action, actor, from, to }: AuditSearch): Prisma.Sql {
  const earlier = Prisma.join([Prisma.sql`true`, ...placeOf({ before, from, to })], ' and ');
  const newest = Prisma.sql`order by a.id desc limit ${limit}`;
  if (action === undefined && actor === undefined)
    return Prisma.sql`select a.* from audit a where ${earlier} ${newest}`;
  const by = actor === undefined ? Prisma.sql`true` : Prisma.sql`a.user_id = ${actor}::uuid`;
  const fits =
    action === undefined
      ? Prisma.sql`k.action is not null`
      : action.endsWith('*')
        ? Prisma.sql`starts_with(k.action, ${action.slice(0, -1)})`
        : Prisma.sql`k.action = ${action}`;
  return Prisma.sql`
    with ${ACTIONS}
    select a.* from known k cross join lateral (
      select a.* from audit a where a.action between k.action and k.action and ${by} and ${earlier}
      order by a.action desc, a.id desc limit ${limit}
    ) a where ${fits} ${newest}`;
}

/** Clocks of gateways, which make the ids, and of Postgres, which tells the time, may be so far apart, ms. */
const CLOCKS_MS = 60_000;

/** Ids are UUIDv7, so a time is a place in their order; the exact end of it is told by the entries. */
function* placeOf({ before, from, to }: Pick<AuditSearch, 'before' | 'from' | 'to'>): Generator<Prisma.Sql> {
  if (before !== undefined) yield Prisma.sql`a.id < ${before}::uuid`;
  if (from !== undefined) yield Prisma.sql`a.id >= ${firstIdOf(from - CLOCKS_MS)}::uuid and a.at >= ${new Date(from)}`;
  if (to !== undefined) yield Prisma.sql`a.id < ${firstIdOf(to + CLOCKS_MS)}::uuid and a.at < ${new Date(to)}`;
}

/** The lowest id that is made at this time. */
function firstIdOf(ms: number): string {
  const hex = Math.max(0, ms).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
}

const toEntry = ({ user_id: userId, key_id: keyId, at, ...same }: AuditRow): AuditEntry => ({
  ...same,
  userId,
  keyId,
  at: at.getTime(),
});
