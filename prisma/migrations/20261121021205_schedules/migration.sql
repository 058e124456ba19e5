-- CreateTable
CREATE TABLE "schedules" (
    "name" TEXT NOT NULL,
    "definition" JSON NOT NULL,
    "timing" TEXT NOT NULL,
    "revision" INTEGER NOT NULL DEFAULT 1,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "paused_at" TIMESTAMPTZ(3),
    "paused_by" UUID,
    "removed_at" TIMESTAMPTZ(3),
    "decided_until" TIMESTAMPTZ(3) NOT NULL,
    "last_due_at" TIMESTAMPTZ(3),
    "last_fired_at" TIMESTAMPTZ(3),
    "last_task_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "schedules_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "firings" (
    "schedule" TEXT NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "trigger" TEXT NOT NULL DEFAULT 'schedule',
    "task_id" UUID NOT NULL,
    "fired_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "firings_pkey" PRIMARY KEY ("schedule","due_at","trigger")
);

-- By hand, below Prisma's horizon.
-- Retention deletes ended tasks in this order, a batch at a time.
CREATE INDEX "tasks_finished_idx" ON "tasks" ("finished_at", "id") WHERE "finished_at" IS NOT NULL;
-- Each firing rewrites its schedule's row, without touching an indexed column.
ALTER TABLE "schedules" SET (fillfactor = 50);
