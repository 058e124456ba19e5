-- CreateTable
CREATE TABLE "celery_cursor" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "finished_at" TIMESTAMPTZ(3) NOT NULL,
    "task_id" UUID NOT NULL,

    CONSTRAINT "celery_cursor_pkey" PRIMARY KEY ("id")
);

-- By hand, below Prisma's horizon (docs/decisions/0325).
-- Tasks that workers of another platform run and that have not ended: nearly none of all live tasks.
CREATE INDEX "tasks_foreign_idx" ON "tasks" ("created_at", "id") WHERE "finished_at" IS NULL AND "message"->>'foreign' IS NOT NULL;
