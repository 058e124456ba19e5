-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT,
    "role" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tasks" (
    "id" UUID NOT NULL,
    "wire_id" TEXT,
    "name" TEXT NOT NULL,
    "queue" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "turn" INTEGER NOT NULL DEFAULT 0,
    "retries" INTEGER NOT NULL DEFAULT 0,
    "suspected" SMALLINT NOT NULL DEFAULT 0,
    "claim_worker" UUID,
    "claim_no" BIGINT,
    "worker" TEXT,
    "input" JSON,
    "message" JSON,
    "result" JSON,
    "error" JSON,
    "progress" JSON,
    "user_id" UUID,
    "parent_id" UUID,
    "root_id" UUID,
    "retried_from" UUID,
    "eta" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "cancel_at" TIMESTAMPTZ(3),
    "cancel_by" TEXT,
    "cancel_why" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "tasks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "outbox" (
    "task_id" UUID NOT NULL,
    "turn" INTEGER NOT NULL,
    "due_at" TIMESTAMPTZ(3) NOT NULL,
    "leased_until" TIMESTAMPTZ(3),

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("task_id","turn")
);

-- CreateTable
CREATE TABLE "workers" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "info" JSON,

    CONSTRAINT "workers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempts" (
    "task_id" UUID NOT NULL,
    "worker" UUID NOT NULL,
    "claim_no" BIGINT NOT NULL,
    "outcome" TEXT NOT NULL,
    "error" JSON,
    "started_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "attempts_pkey" PRIMARY KEY ("task_id","worker","claim_no")
);

-- CreateTable
CREATE TABLE "keys" (
    "scope" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "task_id" UUID NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "keys_pkey" PRIMARY KEY ("scope","key")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key" ON "users"("email");

-- CreateIndex
CREATE INDEX "outbox_due_at_idx" ON "outbox"("due_at");

-- CreateIndex
CREATE INDEX "keys_expires_at_idx" ON "keys"("expires_at");

-- By hand, below Prisma's horizon: storage settings and partial indexes.
-- Room in each page for a second version of every row, somewhat larger: so the claim of a whole batch of neighbours is a
-- HOT update (it touches no indexed column).
ALTER TABLE "tasks" SET (fillfactor = 40);
ALTER TABLE "workers" SET (fillfactor = 50);
-- Tasks not yet terminal: the sweep and every question about what is going on read this one, which stays small.
CREATE INDEX "tasks_live_idx" ON "tasks" ("id") WHERE "finished_at" IS NULL;
CREATE INDEX "tasks_expiring_idx" ON "tasks" ("expires_at") WHERE "expires_at" IS NOT NULL AND "finished_at" IS NULL;
