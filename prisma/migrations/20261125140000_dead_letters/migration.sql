-- CreateTable
CREATE TABLE "dead_letters" (
    "id" UUID NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "redelivered" BOOLEAN NOT NULL DEFAULT false,
    "queue" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "code" TEXT,
    "detail" TEXT,
    "task_id" UUID,
    "wire_id" TEXT,
    "name" TEXT,
    "turn" INTEGER,
    "headers" JSON NOT NULL,
    "content_type" TEXT,
    "content_encoding" TEXT,
    "body" BYTEA NOT NULL,
    "body_size" INTEGER NOT NULL,
    "outcome" TEXT,
    "died_at" TIMESTAMPTZ(3),
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "redriven_at" TIMESTAMPTZ(3),
    "redriven_as" UUID,
    "redriven_by" UUID,

    CONSTRAINT "dead_letters_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "dead_letters_fingerprint_idx" ON "dead_letters"("fingerprint");

-- CreateIndex
CREATE INDEX "dead_letters_task_id_idx" ON "dead_letters"("task_id");

-- CreateIndex
CREATE INDEX "dead_letters_received_at_idx" ON "dead_letters"("received_at");
