-- AlterTable
ALTER TABLE "limit_keys" ADD COLUMN     "used" INTEGER NOT NULL DEFAULT 0;

-- By hand, below Prisma's horizon.
-- Keeps how many slots of a key are taken, so that nobody has to count them: whichever statement it was, of whichever release. It is never
-- too low: who takes slots holds the key. Who frees one without holding it does not wait for it; then it is too high until the
-- sweep counts (`limits_sweep`).
CREATE FUNCTION "limits_slots_taken"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE limit_keys k SET used = k.used + s.n FROM (SELECT limit_key, count(*)::int AS n FROM added GROUP BY 1) s WHERE k.key = s.limit_key;
  RETURN NULL;
END $$;
CREATE FUNCTION "limits_slots_freed"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  freed record;
BEGIN
  FOR freed IN SELECT limit_key, count(*)::int AS n FROM removed GROUP BY 1 ORDER BY 1 LOOP
    PERFORM FROM limit_keys WHERE key = freed.limit_key FOR UPDATE SKIP LOCKED;
    IF FOUND THEN UPDATE limit_keys SET used = greatest(0, used - freed.n) WHERE key = freed.limit_key; END IF;
  END LOOP;
  RETURN NULL;
END $$;
CREATE FUNCTION "limits_slots_moved"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moved record;
BEGIN
  FOR moved IN
    SELECT limit_key, sum(n)::int AS n FROM (SELECT limit_key, 1 AS n FROM added UNION ALL SELECT limit_key, -1 FROM removed) m
    GROUP BY 1 HAVING sum(n) <> 0 ORDER BY 1
  LOOP
    IF moved.n < 0 THEN
      PERFORM FROM limit_keys WHERE key = moved.limit_key FOR UPDATE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
    END IF;
    UPDATE limit_keys SET used = greatest(0, used + moved.n) WHERE key = moved.limit_key;
  END LOOP;
  RETURN NULL;
END $$;
-- One statement, so one transaction: no slot comes or goes between the triggers and the count.
DO $$
BEGIN
  LOCK TABLE limit_slots IN SHARE ROW EXCLUSIVE MODE;
  CREATE TRIGGER "limits_slots_taken" AFTER INSERT ON "limit_slots" REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION "limits_slots_taken"();
  CREATE TRIGGER "limits_slots_freed" AFTER DELETE ON "limit_slots" REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION "limits_slots_freed"();
  CREATE TRIGGER "limits_slots_moved" AFTER UPDATE ON "limit_slots" REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION "limits_slots_moved"();
  UPDATE limit_keys k SET used = (SELECT count(*) FROM limit_slots s WHERE s.limit_key = k.key);
END $$;

-- Gives the free slots of a key to those who wait longest: the slot is reserved for a minute and the message is due. Never waits
-- for the key: who holds it does the same, or the sweep comes within a second.
CREATE OR REPLACE FUNCTION "limits_wake"(of_key text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  free integer;
  woken integer;
BEGIN
  PERFORM FROM limit_keys WHERE key = of_key FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN 0; END IF;
  -- No limit any more: all of them, a thousand at a time.
  SELECT least(1000, coalesce(f.most, 1000000000) - k.used) INTO free
  FROM limits_in_force f JOIN limit_keys k USING (key) WHERE f.key = of_key;
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
    UPDATE limit_keys SET used = (SELECT count(*) FROM limit_slots s WHERE s.limit_key = amiss) WHERE key = amiss;
    PERFORM limits_wake(amiss);
    done := done + 1;
  END LOOP;
  RETURN done;
END $$;
