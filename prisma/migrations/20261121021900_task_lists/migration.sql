-- AlterTable
ALTER TABLE "tasks" ADD COLUMN     "progress_no" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "task_counts" (
    "shard" SMALLINT NOT NULL,
    "state" TEXT NOT NULL,
    "n" BIGINT NOT NULL,

    CONSTRAINT "task_counts_pkey" PRIMARY KEY ("shard","state")
);

-- CreateTable
CREATE TABLE "task_logs" (
    "task_id" UUID NOT NULL,
    "no" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "level" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "fields" JSON,

    CONSTRAINT "task_logs_pkey" PRIMARY KEY ("task_id","no")
);

-- By hand, below Prisma's horizon.
-- The state of ended tasks alone: an index on `state` itself would keep every claim from being a HOT update. Postgres
-- compares values, and a claim leaves this one null.
ALTER TABLE "tasks" ADD COLUMN "ended_state" TEXT GENERATED ALWAYS AS (CASE WHEN "finished_at" IS NOT NULL THEN "state" END) STORED;

-- Lists are a merge of live tasks and of ended ones, newest first: an ended task enters its indexes once, when it ends,
-- and a submit writes no more than before (docs/decisions/0100).
DROP INDEX "tasks_live_idx";
CREATE INDEX "tasks_live_idx" ON "tasks" ("created_at", "id") WHERE "finished_at" IS NULL;
CREATE INDEX "tasks_ended_idx" ON "tasks" ("ended_state", "created_at", "id") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "tasks_name_idx" ON "tasks" ("name", "created_at", "id") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "tasks_queue_idx" ON "tasks" ("queue", "created_at", "id") WHERE "finished_at" IS NOT NULL;
CREATE INDEX "tasks_user_idx" ON "tasks" ("user_id", "created_at", "id") WHERE "finished_at" IS NOT NULL AND "user_id" IS NOT NULL;

-- Room for the versions that counting leaves behind until the page is tidied.
ALTER TABLE "task_counts" SET (fillfactor = 20);
INSERT INTO "task_counts" ("shard", "state", "n")
SELECT 0, "ended_state", count(*) FROM "tasks" WHERE "finished_at" IS NOT NULL GROUP BY "ended_state";

-- Whoever deletes tasks: what hangs on them goes along, and the counts stay true.
CREATE FUNCTION "tasks_deleted"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM task_logs l USING gone g WHERE l.task_id = g.id;
  DELETE FROM attempts a USING gone g WHERE a.task_id = g.id;
  INSERT INTO task_counts AS c (shard, state, n)
  SELECT pg_backend_pid() & 63, ended_state, -count(*) FROM gone WHERE ended_state IS NOT NULL GROUP BY ended_state ORDER BY ended_state
  ON CONFLICT (shard, state) DO UPDATE SET n = c.n + excluded.n;
  RETURN NULL;
END $$;
CREATE TRIGGER "tasks_deleted" AFTER DELETE ON "tasks" REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "tasks_deleted"();

CREATE FUNCTION "tasks_truncated"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM task_logs;
  DELETE FROM attempts;
  DELETE FROM task_counts;
  RETURN NULL;
END $$;
CREATE TRIGGER "tasks_truncated" AFTER TRUNCATE ON "tasks" FOR EACH STATEMENT EXECUTE FUNCTION "tasks_truncated"();
