-- CreateTable
CREATE TABLE "history_cursor" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "finished_at" TIMESTAMPTZ(3) NOT NULL,
    "task_id" UUID NOT NULL,
    "counted_from" TIMESTAMPTZ(3),
    "counted_to" TIMESTAMPTZ(3),
    "minutes_from" TIMESTAMPTZ(3),

    CONSTRAINT "history_cursor_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "history_series" (
    "id" SERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "queue" TEXT NOT NULL,
    "state" TEXT NOT NULL,

    CONSTRAINT "history_series_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "history_minutes" (
    "at" TIMESTAMPTZ(3) NOT NULL,
    "series" INTEGER NOT NULL,
    "ended" INTEGER NOT NULL,
    "run_ms" BIGINT NOT NULL,
    "wait_ms" BIGINT NOT NULL,
    "run" INTEGER[],
    "wait" INTEGER[],

    CONSTRAINT "history_minutes_pkey" PRIMARY KEY ("at","series")
);

-- CreateTable
CREATE TABLE "history_hours" (
    "at" TIMESTAMPTZ(3) NOT NULL,
    "series" INTEGER NOT NULL,
    "ended" INTEGER NOT NULL,
    "run_ms" BIGINT NOT NULL,
    "wait_ms" BIGINT NOT NULL,
    "run" INTEGER[],
    "wait" INTEGER[],

    CONSTRAINT "history_hours_pkey" PRIMARY KEY ("at","series")
);

-- CreateTable
CREATE TABLE "history_days" (
    "at" TIMESTAMPTZ(3) NOT NULL,
    "series" INTEGER NOT NULL,
    "ended" INTEGER NOT NULL,
    "run_ms" BIGINT NOT NULL,
    "wait_ms" BIGINT NOT NULL,
    "run" INTEGER[],
    "wait" INTEGER[],

    CONSTRAINT "history_days_pkey" PRIMARY KEY ("at","series")
);

-- CreateTable
CREATE TABLE "failure_groups" (
    "id" UUID NOT NULL,
    "contract" TEXT NOT NULL,
    "type" TEXT,
    "message" TEXT,
    "stack" TEXT[],
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "sample_task_id" UUID NOT NULL,

    CONSTRAINT "failure_groups_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "failure_minutes" (
    "at" TIMESTAMPTZ(3) NOT NULL,
    "group_id" UUID NOT NULL,
    "failed" INTEGER NOT NULL,

    CONSTRAINT "failure_minutes_pkey" PRIMARY KEY ("at","group_id")
);

-- CreateTable
CREATE TABLE "task_failures" (
    "task_id" UUID NOT NULL,
    "group_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "task_failures_pkey" PRIMARY KEY ("task_id")
);

-- CreateTable
CREATE TABLE "uncounted_ends" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "queue" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "eta" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3) NOT NULL,
    "error" JSON,

    CONSTRAINT "uncounted_ends_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "history_series_name_queue_state_key" ON "history_series"("name", "queue", "state");

-- CreateIndex
CREATE INDEX "failure_groups_contract_idx" ON "failure_groups"("contract");

-- CreateIndex
CREATE INDEX "task_failures_group_id_created_at_task_id_idx" ON "task_failures"("group_id", "created_at", "task_id");

-- By hand, below Prisma's horizon (docs/decisions/0325).
-- The first pass counts all ends that are still there.
INSERT INTO "history_cursor" ("finished_at", "task_id") VALUES ('-infinity', '00000000-0000-0000-0000-000000000000');

-- Ends that are deleted before they are counted wait here for the next pass, whoever deletes them. The lock of the cursor says which
-- of the two has them: a pass holds it while it counts. Retention deletes what was counted long ago, and takes no lock.
CREATE FUNCTION "ends_kept"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  latest timestamptz;
BEGIN
  SELECT max(finished_at) INTO latest FROM gone;
  IF latest IS NULL THEN
    RETURN NULL;
  END IF;
  IF NOT EXISTS (SELECT FROM history_cursor WHERE finished_at > latest) THEN
    PERFORM FROM history_cursor FOR SHARE;
    INSERT INTO uncounted_ends (id, name, queue, state, eta, created_at, started_at, finished_at, error)
    SELECT g.id, g.name, g.queue, g.ended_state, g.eta, g.created_at, g.started_at, g.finished_at,
      CASE WHEN g.ended_state IN ('FAILURE', 'DEAD') THEN g.error END
    FROM gone g JOIN history_cursor c ON (g.finished_at, g.id) > (c.finished_at, c.task_id)
    ON CONFLICT DO NOTHING;
  END IF;
  DELETE FROM task_failures f USING gone g WHERE g.ended_state IN ('FAILURE', 'DEAD') AND f.task_id = g.id;
  RETURN NULL;
END $$;
CREATE TRIGGER "ends_kept" AFTER DELETE ON "tasks" REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "ends_kept"();

CREATE FUNCTION "failures_truncated"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM task_failures;
  RETURN NULL;
END $$;
CREATE TRIGGER "failures_truncated" AFTER TRUNCATE ON "tasks" FOR EACH STATEMENT EXECUTE FUNCTION "failures_truncated"();
