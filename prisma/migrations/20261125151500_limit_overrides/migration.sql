-- AlterTable
ALTER TABLE "limit_overrides" ADD COLUMN     "keys" JSONB,
ADD COLUMN     "no_concurrency" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "no_rate" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "why" TEXT;

-- AlterTable
ALTER TABLE "limit_slots" ADD COLUMN     "taken_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- By hand, below Prisma's horizon.
-- What holds for each key: as set for its value, else as set for its contract, else as the contract says. The one place that
-- decides it. Null: no limit.
CREATE VIEW "limits_in_force" AS
SELECT k.key, k.contract,
  CASE WHEN o.keys ? v.value AND k.key LIKE 'concurrency:%' THEN (o.keys ->> v.value)::integer
    WHEN o.no_concurrency THEN NULL
    ELSE coalesce(o.concurrency, k.declared) END AS most,
  CASE WHEN o.no_rate THEN NULL ELSE coalesce(o.interval_ms, k.interval_ms) END AS interval_ms,
  coalesce(o.burst, k.burst, 1) AS burst
FROM limit_keys k
CROSS JOIN LATERAL (SELECT substr(k.key, length('concurrency:') + length(k.contract) + 2)) AS v(value)
LEFT JOIN limit_overrides o ON o.contract = k.contract;

-- Gives the free slots of a key to those who wait longest: the slot is reserved for a minute and the message is due. Never waits
-- for the key: who holds it does the same, or the sweep comes within a second.
CREATE OR REPLACE FUNCTION "limits_wake"(of_key text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  most integer;
  free integer;
  woken integer;
BEGIN
  PERFORM FROM limit_keys WHERE key = of_key FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN 0; END IF;
  SELECT f.most INTO most FROM limits_in_force f WHERE f.key = of_key;
  -- No limit any more: all of them, a thousand at a time.
  SELECT least(1000, coalesce(most, 1000000000) - count(*)) INTO free FROM limit_slots WHERE limit_key = of_key;
  IF free <= 0 THEN RETURN 0; END IF;
  WITH oldest AS MATERIALIZED (
    SELECT task_id, turn FROM outbox WHERE limit_key = of_key AND due_at = 'infinity'
    ORDER BY limit_key, limit_since, task_id LIMIT free FOR UPDATE SKIP LOCKED),
  due AS (
    UPDATE outbox o SET due_at = now(), limit_key = NULL FROM oldest w
    WHERE (o.task_id, o.turn) = (w.task_id, w.turn) RETURNING o.task_id),
  reserved AS (
    INSERT INTO limit_slots (task_id, limit_key, reserved_until)
    SELECT task_id, of_key, now() + interval '1 min' FROM due ORDER BY task_id
    ON CONFLICT (task_id) DO UPDATE SET limit_key = excluded.limit_key, reserved_until = excluded.reserved_until,
      taken_at = excluded.taken_at)
  SELECT count(*) INTO woken FROM due;
  RETURN woken;
END $$;

-- Gives those who wait for a turn of a rate their times anew, in the same order: the rate has changed. What is due within a
-- second is on its way already. The caller holds the key.
CREATE OR REPLACE FUNCTION "limits_respace"(of_key text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  step interval;
  step_ms double precision;
  first timestamptz;
  spaced integer;
BEGIN
  SELECT f.interval_ms,
    greatest(now(), (SELECT max(due_at) FROM limit_tickets WHERE limit_key = of_key AND due_at <= now() + interval '1 s'),
      CASE WHEN k.next_at - k.applied_ms * interval '1 ms' <= now() THEN k.next_at - k.applied_ms * interval '1 ms' END)
  INTO step_ms, first FROM limit_keys k JOIN limits_in_force f USING (key) WHERE key = of_key;
  step := coalesce(step_ms, 0) * interval '1 ms';
  WITH waiting AS MATERIALIZED (
    SELECT task_id, turn, row_number() OVER (ORDER BY due_at, task_id) AS nth
    FROM limit_tickets WHERE limit_key = of_key AND due_at > now() + interval '1 s'),
  tickets AS (
    UPDATE limit_tickets t SET due_at = first + w.nth * step FROM waiting w WHERE t.task_id = w.task_id),
  messages AS (
    UPDATE outbox o SET due_at = first + w.nth * step FROM waiting w
    WHERE (o.task_id, o.turn) = (w.task_id, w.turn) AND o.due_at > now())
  SELECT count(*) INTO spaced FROM waiting;
  UPDATE limit_keys SET applied_ms = step_ms, next_at = first + (spaced + 1) * step WHERE key = of_key;
  RETURN spaced;
END $$;

-- Gives slots to tasks of a contract that run without: they began when it had no limit. The caller holds the key, which is the
-- contract's whole. Waits for no task: the sweep comes again.
CREATE FUNCTION "limits_adopt"(of_key text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  adopted integer;
BEGIN
  WITH running AS MATERIALIZED (
    SELECT t.id FROM tasks t JOIN limit_keys k ON k.key = of_key
    WHERE t.finished_at IS NULL AND t.claim_worker IS NOT NULL AND t.name = k.contract AND t.limit_key IS DISTINCT FROM of_key
    ORDER BY t.id FOR UPDATE OF t SKIP LOCKED),
  marked AS (UPDATE tasks t SET limit_key = of_key FROM running r WHERE t.id = r.id RETURNING t.id, t.started_at),
  slots AS (
    INSERT INTO limit_slots (task_id, limit_key, taken_at)
    SELECT id, of_key, coalesce(started_at, now()) FROM marked ORDER BY id ON CONFLICT (task_id) DO NOTHING)
  SELECT count(*) INTO adopted FROM marked;
  RETURN adopted;
END $$;

-- Frees slots that nobody holds any more and wakes who waits although a slot is free: what was left undone by those who could
-- not wait for the key, and by whoever deletes rows by hand. Touches only keys where something is amiss.
CREATE OR REPLACE FUNCTION "limits_sweep"() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  amiss text;
  done integer := 0;
BEGIN
  -- A worker reads once a second which contracts have limits set: what it began in between counts from here on.
  FOR amiss IN
    SELECT k.key FROM limit_overrides o JOIN limit_keys k ON k.key = 'concurrency:' || o.contract
    WHERE o.concurrency IS NOT NULL AND o.updated_at > now() - interval '10 s' AND k.declared IS NULL ORDER BY 1
  LOOP
    PERFORM FROM limit_keys WHERE key = amiss FOR UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    PERFORM limits_adopt(amiss);
  END LOOP;
  FOR amiss IN
    WITH RECURSIVE waiting (key) AS (
      (SELECT limit_key FROM outbox WHERE limit_key IS NOT NULL ORDER BY limit_key LIMIT 1)
      UNION ALL
      SELECT (SELECT limit_key FROM outbox WHERE limit_key > w.key ORDER BY limit_key LIMIT 1) FROM waiting w WHERE w.key IS NOT NULL)
    SELECT s.limit_key FROM limit_slots s WHERE NOT limits_holds(s.task_id, s.reserved_until)
    UNION
    SELECT w.key FROM waiting w JOIN limits_in_force f ON f.key = w.key
    WHERE (SELECT count(*) FROM limit_slots s WHERE s.limit_key = f.key) < coalesce(f.most, 1000000000)
    ORDER BY 1
  LOOP
    PERFORM FROM limit_keys WHERE key = amiss FOR UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    DELETE FROM limit_slots s WHERE s.limit_key = amiss AND NOT limits_holds(s.task_id, s.reserved_until);
    PERFORM limits_wake(amiss);
    done := done + 1;
  END LOOP;
  RETURN done;
END $$;
