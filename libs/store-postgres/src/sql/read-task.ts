// Reads of whole rows. A result that no worker of today would have recorded is not fetched: it would hold up a caller that reads it, and
// may not fit a text of V8 at all. The row tells its size instead.

/** Largest result that is read, bytes: what a contract may allow at most (`MAX_RESULT_LIMIT`). */
const READ_BYTES = 64 * 1024 * 1024;
/** Postgres packs a text to a hundredth at best: what takes less as stored need not be measured. */
const SURE_BYTES = READ_BYTES / 128;

/** Every column but `result` and those that Postgres makes itself. */
export const ROW_COLUMNS = [
  ...['id', 'wire_id', 'name', 'queue', 'state', 'turn', 'retries', 'suspected', 'crashes', 'suspicion'],
  ...['quarantine_group', 'claim_worker', 'claim_no', 'worker', 'input', 'message', 'error', 'progress', 'progress_no'],
  ...[
    'passed_on',
    'user_id',
    'parent_id',
    'root_id',
    'retried_from',
    'eta',
    'expires_at',
    'priority',
    'input_stamp',
    'extra',
  ],
  ...['cancel_at', 'cancel_by', 'cancel_why', 'created_at', 'started_at', 'finished_at', 'limit_key', 'escaped'],
];

const READABLE = `(result is null or pg_column_size(result) <= ${SURE_BYTES} or octet_length(result::text) <= ${READ_BYTES})`;
const WHOLE = `select ${ROW_COLUMNS.join(', ')}, case when ${READABLE} then result end as result,
  case when not ${READABLE} then octet_length(result::text) end as result_bytes from tasks`;

/** $1 id */
export const GET_TASK = { name: 'tasks-get', text: `${WHOLE} where id = $1` };
/** $1 ids */
export const GET_TASKS = { name: 'tasks-get-many', text: `${WHOLE} where id = any($1::uuid[])` };
/** Those that have ended. $1 ids */
export const GET_FINISHED = {
  name: 'tasks-finished',
  text: `${WHOLE} where id = any($1::uuid[]) and finished_at is not null`,
};
