-- AlterTable
ALTER TABLE "limit_keys" ADD COLUMN     "bucket_at" TIMESTAMPTZ(6),
ADD COLUMN     "again_at" TIMESTAMPTZ(6);

-- By hand, below Prisma's horizon.
-- From one start to the next, ms, for a rate of one each `interval_ms`. A task starts up to 30 ms after its time; so that those
-- that do need not be refused and yet no second has more than it may, faster rates are kept by up to 3 % (docs/limits.md).
CREATE FUNCTION "limits_step"(interval_ms double precision) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT interval_ms * (1 + greatest(0, 30 - interval_ms) / 1000)
$$;

-- Gives those who wait for a turn of a rate their times anew, in the same order: the rate has changed, or times came free. What is
-- due within a second is on its way already. The caller holds the key.
CREATE OR REPLACE FUNCTION "limits_respace"(of_key text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  step interval;
  every_ms double precision;
  first timestamptz;
  spaced integer;
BEGIN
  SELECT f.interval_ms,
    greatest(now(), (SELECT max(due_at) FROM limit_tickets WHERE limit_key = of_key AND due_at <= now() + interval '1 s'),
      CASE WHEN k.next_at - limits_step(k.applied_ms) * interval '1 ms' <= now()
        THEN k.next_at - limits_step(k.applied_ms) * interval '1 ms' END)
  INTO every_ms, first FROM limit_keys k JOIN limits_in_force f USING (key) WHERE key = of_key;
  step := coalesce(limits_step(every_ms), 0) * interval '1 ms';
  WITH waiting AS MATERIALIZED (
    SELECT task_id, turn, row_number() OVER (ORDER BY due_at, task_id) AS nth
    FROM limit_tickets WHERE limit_key = of_key AND due_at > now() + interval '1 s'),
  tickets AS (
    UPDATE limit_tickets t SET due_at = first + w.nth * step FROM waiting w WHERE t.task_id = w.task_id),
  messages AS (
    UPDATE outbox o SET due_at = first + w.nth * step FROM waiting w
    WHERE (o.task_id, o.turn) = (w.task_id, w.turn) AND o.due_at > now())
  SELECT count(*) INTO spaced FROM waiting;
  UPDATE limit_keys SET applied_ms = every_ms, next_at = first + (spaced + 1) * step, again_at = NULL WHERE key = of_key;
  RETURN spaced;
END $$;

-- Rates whose bucket has a token although everybody waits for a later time: those with earlier times were called off, or
-- Postgres' clock was set back. Who waits is moved up.
CREATE FUNCTION "limits_mend_rates"() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  amiss text;
  done integer := 0;
BEGIN
  FOR amiss IN
    WITH RECURSIVE waiting (key) AS (
      (SELECT limit_key FROM limit_tickets ORDER BY limit_key LIMIT 1)
      UNION ALL
      SELECT (SELECT limit_key FROM limit_tickets WHERE limit_key > w.key ORDER BY limit_key LIMIT 1) FROM waiting w WHERE w.key IS NOT NULL)
    SELECT f.key FROM waiting w JOIN limit_keys k ON k.key = w.key JOIN limits_in_force f ON f.key = k.key
    WHERE (SELECT min(due_at) FROM limit_tickets t WHERE t.limit_key = k.key)
      > greatest(now(), least(k.bucket_at, now() + f.burst * limits_step(f.interval_ms) * interval '1 ms'))
        + interval '2 s' + 2 * coalesce(limits_step(f.interval_ms), 0) * interval '1 ms'
    ORDER BY 1
  LOOP
    PERFORM FROM limit_keys WHERE key = amiss FOR UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM limits_respace(amiss);
    done := done + 1;
  END LOOP;
  RETURN done;
END $$;
