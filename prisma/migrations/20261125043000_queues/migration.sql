-- CreateTable
CREATE TABLE "queues" (
    "name" TEXT NOT NULL,
    "paused_at" TIMESTAMPTZ(3),
    "paused_by" TEXT,
    "paused_why" TEXT,

    CONSTRAINT "queues_pkey" PRIMARY KEY ("name")
);
