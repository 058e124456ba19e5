-- Suspicion weighs how a worker died and how many ran there; suspects run in groups of at most so many.
ALTER TABLE "tasks" ADD COLUMN "suspicion" SMALLINT NOT NULL DEFAULT 0, ADD COLUMN "quarantine_group" SMALLINT;
-- How many wait before one: few are suspects, so their line is counted from an index of its own.
CREATE INDEX "tasks_quarantined_idx" ON "tasks" ("id") WHERE "quarantine_group" IS NOT NULL AND "finished_at" IS NULL;
-- Of what is known when a worker is taken for dead.
ALTER TABLE "workers" ADD COLUMN "first_memory_mb" INTEGER, ADD COLUMN "memory_mb" INTEGER,
  ADD COLUMN "stopping" BOOLEAN NOT NULL DEFAULT false, ADD COLUMN "held" INTEGER;
