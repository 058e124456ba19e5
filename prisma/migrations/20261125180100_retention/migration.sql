-- CreateTable
CREATE TABLE "retention_marks" (
    "keep_ms" BIGINT NOT NULL,
    "rules" TEXT NOT NULL,
    "finished_at" TIMESTAMPTZ(3) NOT NULL,
    "task_id" UUID NOT NULL,

    CONSTRAINT "retention_marks_pkey" PRIMARY KEY ("keep_ms")
);

-- CreateIndex
CREATE INDEX "keys_task_id_idx" ON "keys"("task_id");
