-- CreateTable
CREATE TABLE "countdowns" (
    "task_id" UUID NOT NULL,
    "key" TEXT NOT NULL,
    "remaining" INTEGER NOT NULL,
    "tasks" JSON NOT NULL,

    CONSTRAINT "countdowns_pkey" PRIMARY KEY ("task_id","key")
);
