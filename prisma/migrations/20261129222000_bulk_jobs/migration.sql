-- What is done to many tasks or dead letters, step by step, by whichever gateway holds the lease. Older processes do not know it.
CREATE TABLE "bulk_jobs" (
  "id" UUID NOT NULL,
  "spec" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "reason" TEXT NOT NULL,
  "actor" UUID NOT NULL,
  "state" TEXT NOT NULL DEFAULT 'running',
  "matched" BIGINT,
  "complete" BOOLEAN NOT NULL DEFAULT false,
  "done" BIGINT NOT NULL DEFAULT 0,
  "skipped" BIGINT NOT NULL DEFAULT 0,
  "failed" BIGINT NOT NULL DEFAULT 0,
  "failures" JSON NOT NULL DEFAULT '[]',
  "position" TEXT,
  "next_at" TIMESTAMPTZ(3),
  "lease_owner" UUID,
  "leased_until" TIMESTAMPTZ(3),
  "error" TEXT,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "ended_at" TIMESTAMPTZ(3),
  "stopped_by" UUID,
  CONSTRAINT "bulk_jobs_pkey" PRIMARY KEY ("id")
);

-- By hand, below Prisma's horizon: gateways look for jobs to run all the time, and few run.
CREATE INDEX "bulk_jobs_running_idx" ON "bulk_jobs" ("id") WHERE "state" = 'running';
