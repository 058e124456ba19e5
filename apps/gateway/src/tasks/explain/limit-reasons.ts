import type { ReasonDocument } from '@lovage/http-api';
import type { HeldBack, SlotHolder } from '@lovage/ports';
import { rateText } from '@lovage/task';
import { iso, reason, seconds } from './reason.ts';

/** How many holders of slots the text names; the data has more. */
const NAMED = 3;

/** Of a task that waits for a slot of its key, or for its time of a rate. */
export function limitReasons(now: number, heldBack: HeldBack): ReasonDocument[] {
  if (heldBack.kind === 'rate') {
    const { key, intervalMs, dueAt } = heldBack;
    const rate = intervalMs === null ? null : rateText(intervalMs);
    const inSeconds = Math.max(0, (dueAt - now) / 1000);
    const of = rate === null ? 'the rate' : `the rate of ${rate}`;
    const text = `${of} of ${nameOf(key)} has given it the time ${iso(dueAt)}, in ${seconds(dueAt - now)}`;
    return [reason('rate_limit', text, { until: dueAt, data: { ...partsOf(key), rate, intervalMs, inSeconds } })];
  }
  const { key, limit, inUse, holders, before } = heldBack;
  const data = {
    ...{ ...partsOf(key), limit, inUse, before },
    holders: holders.map(({ id, since, worker }) => ({ id, since: iso(since), worker })),
  };
  const name = nameOf(key);
  const full = limit !== null && inUse >= limit;
  const text =
    limit === 0
      ? `${name} is paused: its limit is 0${inUse > 0 ? `, and ${inUse} still have slots` : ''}; ${others(before)} before it`
      : full
        ? `${name} is at its limit of ${limit}: ${heldBy(now, holders, inUse)}; ${others(before)} before it`
        : `${name} has free slots (${inUse} of ${limit ?? 'any number'} are taken): it is sent on within seconds, ${before === 0 ? 'next' : `after ${before} more`}`;
  return [reason('concurrency_limit', text, { data })];
}

function heldBy(now: number, holders: readonly SlotHolder[], inUse: number): string {
  const named = holders.slice(0, NAMED).map(({ id, since, worker }) => {
    const where = worker === null ? 'which is on its way to a worker' : `on worker ${worker}`;
    return `${id}, ${where}, for ${seconds(now - since)}`;
  });
  const more = inUse - named.length;
  return `the slots are held by ${named.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

const others = (count: number): string =>
  count === 0 ? 'nobody waits' : count === 1 ? '1 other waits' : `${count} others wait`;

/** `concurrency:mail.send:acme`: the contract, and the value of its key where it counts by one. */
function partsOf(key: string): { contract: string; key: string | null } {
  const [, contract, value] = /^\w+:([^:]+)(?::(.*))?$/s.exec(key)!;
  return { contract: contract!, key: value ?? null };
}

function nameOf(limitKey: string): string {
  const { contract, key } = partsOf(limitKey);
  return key === null ? contract : `${contract} for ${JSON.stringify(key)}`;
}
