/** $1 key · $2 ms */
export const EXTEND_WINDOW = {
  name: 'rate-counters-extend',
  text: 'update rate_counters set expire = expire + $2::bigint where key = $1',
};
