-- AlterTable
ALTER TABLE "tasks" ADD COLUMN     "limit_key" TEXT;

-- AlterTable
ALTER TABLE "outbox" ADD COLUMN     "limit_key" TEXT,
ADD COLUMN     "limit_since" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "limit_keys" (
    "key" TEXT NOT NULL,
    "contract" TEXT NOT NULL,
    "declared" INTEGER,
    "interval_ms" DOUBLE PRECISION,
    "burst" INTEGER,
    "next_at" TIMESTAMPTZ(6),
    "applied_ms" DOUBLE PRECISION,
    "used_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "limit_keys_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "limit_slots" (
    "task_id" UUID NOT NULL,
    "limit_key" TEXT NOT NULL,
    "reserved_until" TIMESTAMPTZ(3),

    CONSTRAINT "limit_slots_pkey" PRIMARY KEY ("task_id")
);

-- CreateTable
CREATE TABLE "limit_tickets" (
    "task_id" UUID NOT NULL,
    "limit_key" TEXT NOT NULL,
    "turn" INTEGER NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "limit_tickets_pkey" PRIMARY KEY ("task_id")
);

-- CreateTable
CREATE TABLE "limit_overrides" (
    "contract" TEXT NOT NULL,
    "concurrency" INTEGER,
    "rate" TEXT,
    "interval_ms" DOUBLE PRECISION,
    "burst" INTEGER,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_by" UUID,

    CONSTRAINT "limit_overrides_pkey" PRIMARY KEY ("contract")
);

-- CreateIndex
CREATE INDEX "limit_keys_contract_idx" ON "limit_keys"("contract");

-- CreateIndex
CREATE INDEX "limit_slots_limit_key_idx" ON "limit_slots"("limit_key");

-- CreateIndex
CREATE INDEX "limit_tickets_limit_key_due_at_idx" ON "limit_tickets"("limit_key", "due_at");

-- By hand, below Prisma's horizon.
-- Who waits for a slot, in the order in which they get one. Every other message stays out of it.
CREATE INDEX "outbox_waiting_idx" ON "outbox" ("limit_key", "limit_since", "task_id") WHERE "limit_key" IS NOT NULL;
-- Each claim under a limit rewrites the row of its key, without touching an indexed column.
ALTER TABLE "limit_keys" SET (fillfactor = 50);

-- Functions, because each statement inside one sees what was committed while it waited for the key.

-- Holds the keys until the end of the transaction, in one order for all: so two that free and take slots do not meet in a ring.
CREATE FUNCTION "limits_lock"(keys text[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM limit_keys WHERE key = ANY (keys) ORDER BY key FOR UPDATE;
  RETURN true;
END $$;

-- Gives the free slots of a key to those who wait longest: the slot is reserved for a minute and the message is due. Never waits
-- for the key: who holds it does the same, or the sweep comes within a second.
CREATE FUNCTION "limits_wake"(of_key text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  most integer;
  free integer;
  woken integer;
BEGIN
  PERFORM FROM limit_keys WHERE key = of_key FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN 0; END IF;
  SELECT coalesce(o.concurrency, k.declared) INTO most
  FROM limit_keys k LEFT JOIN limit_overrides o ON o.contract = k.contract WHERE k.key = of_key;
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
    ON CONFLICT (task_id) DO UPDATE SET limit_key = excluded.limit_key, reserved_until = excluded.reserved_until)
  SELECT count(*) INTO woken FROM due;
  RETURN woken;
END $$;

-- A task that is no longer claimed, or has ended, holds no slot: whichever statement did it. Only tasks of a limited key come here.
CREATE FUNCTION "limits_task_left"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  freed text;
BEGIN
  DELETE FROM limit_slots WHERE task_id = old.id RETURNING limit_key INTO freed;
  IF FOUND THEN PERFORM limits_wake(freed); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "limits_task_left" AFTER UPDATE ON "tasks" FOR EACH ROW
  WHEN (old.limit_key IS NOT NULL AND (new.finished_at IS NOT NULL OR (old.claim_worker IS NOT NULL AND new.claim_worker IS NULL)))
  EXECUTE FUNCTION "limits_task_left"();

-- Gives those who wait for a turn of a rate their times anew, in the same order: the rate has changed. What is due within a
-- second is on its way already. The caller holds the key.
CREATE FUNCTION "limits_respace"(of_key text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  step interval;
  step_ms double precision;
  first timestamptz;
  spaced integer;
BEGIN
  SELECT coalesce(o.interval_ms, k.interval_ms),
    greatest(now(), (SELECT max(due_at) FROM limit_tickets WHERE limit_key = of_key AND due_at <= now() + interval '1 s'),
      CASE WHEN k.next_at - k.applied_ms * interval '1 ms' <= now() THEN k.next_at - k.applied_ms * interval '1 ms' END)
  INTO step_ms, first FROM limit_keys k LEFT JOIN limit_overrides o ON o.contract = k.contract WHERE k.key = of_key;
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

-- Frees slots that nobody holds any more and wakes who waits although a slot is free: what was left undone by those who could
-- not wait for the key, and by whoever deletes rows by hand. Touches only keys where something is amiss.
CREATE FUNCTION "limits_sweep"() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  amiss text;
  done integer := 0;
BEGIN
  FOR amiss IN
    WITH RECURSIVE waiting (key) AS (
      (SELECT limit_key FROM outbox WHERE limit_key IS NOT NULL ORDER BY limit_key LIMIT 1)
      UNION ALL
      SELECT (SELECT limit_key FROM outbox WHERE limit_key > w.key ORDER BY limit_key LIMIT 1) FROM waiting w WHERE w.key IS NOT NULL)
    SELECT s.limit_key FROM limit_slots s WHERE NOT limits_holds(s.task_id, s.reserved_until)
    UNION
    SELECT w.key FROM waiting w JOIN limit_keys k ON k.key = w.key LEFT JOIN limit_overrides o ON o.contract = k.contract
    WHERE (SELECT count(*) FROM limit_slots s WHERE s.limit_key = k.key) < coalesce(o.concurrency, k.declared, 1000000000)
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

-- Whether a slot is used: its task runs, or is on its way to a worker, or waits for its turn of a rate.
CREATE FUNCTION "limits_holds"(task uuid, reserved_until timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM tasks t WHERE t.id = task AND t.finished_at IS NULL AND (
      t.claim_worker IS NOT NULL OR reserved_until > now()
      OR EXISTS (SELECT FROM limit_tickets k WHERE k.task_id = task AND k.due_at > now() - interval '1 min')))
$$;
