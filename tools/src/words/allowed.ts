/** Files in which retired words are not looked for, and the reason of each. */
export const NOT_CHECKED: readonly { readonly path: RegExp; readonly reason: string }[] = [
  { path: /^tools\/src\/words\//, reason: 'names the words' },
  { path: /^prisma\/migrations\//, reason: 'applied migrations never change' },
  { path: /^docs\/decisions\/0[0-3]/, reason: 'records of their time, written before the words were retired' },
  { path: /^docs\/decisions\/044/, reason: 'tell the former names' },
  { path: /^package-lock\.json$/, reason: 'names of packages' },
  { path: /\/compose-spec\.json$/, reason: 'a schema of somebody else' },
];

/** Texts that stay for a while, or for good, and the reason of each. */
export const ALLOWED_TEXTS: readonly {
  readonly text: RegExp;
  /** Where it may be. Default: everywhere. */
  readonly path?: RegExp;
  readonly reason: string;
}[] = [
  {
    text: /`why` is the name of|\bwhy: reason\b/g,
    path: /^libs\/runtime\/src\/record\/held-inputs/,
    reason: 'written beside `reason` until 0.2 (decision 0441)',
  },
  {
    text: /\bturn(?= as generation| = 1(?: where|, )|, (?:due_at|limit_key|s\.)|: generation)|\b(?:raw|row|[a-z]{1,2})\.turn\b|\bturn: number\b/g,
    path: /^(?:apps|bench|libs)\//,
    reason: 'a column that workers and beats up to 0.1 write (decision 0440)',
  },
  {
    text: /\b(?:due_|outbox_)?turn\b/g,
    path: /^libs\/store-postgres\/src\/(?:sql|lists|outbox|tasks)\//,
    reason: 'the same column, in SQL',
  },
  {
    text: /\bturn\b/g,
    path: /^(?:prisma\/schema\.prisma|docs\/delivery\.md)$/,
    reason: 'the same column, in the schema',
  },
  { text: /\bdecisions\/0[0-3]\d\d-[\w-]+/g, reason: 'names of decisions of their time' },
  {
    text: /\bx-lovage-(?:turn|facts)\b/g,
    reason: 'headers that workers up to 0.1 read: sent and read until 0.2 (decision 0440)',
  },
  {
    text: /\b(?:cancel|paused)_why\b|\bretention_marks\b/g,
    reason: 'names in tables that workers and beats up to 0.1 use (decision 0440)',
  },
  { text: /\bletter_(?:unknown|redriven|unreadable)\b/g, reason: 'problem codes of REST are stable (decision 0441)' },
  {
    text: /\bletter: (?:id|deadLetter)\b|`letter` is the name of/g,
    path: /^apps\/gateway\/src\/tasks\/explain\//,
    reason: 'answered beside `deadLetter` until 0.2',
  },
  {
    text: /\bmarked: (?:\d|counts|z\b)|`marked` is the (?:name of|same)/g,
    path: /^apps\/gateway\/src\/(?:tasks|queues)\/|^libs\/http-api\/src\/tasks\/steer|^docs\/rest\.md/,
    reason: 'answered beside `cancelRequested` until 0.2',
  },
  {
    text: /readonly (?:who|why)\?: string|\{ who, why, actor = who, reason = why,|get (?:why|by)\(\)|by = null, why = null, actor = by, reason = why|readonly why\?: string \| null/g,
    path: /^libs\/(?:client\/src\/revoke|task\/src)\//,
    reason: 'names up to 0.1, read until 0.2; rows of then have them for longer',
  },
];
