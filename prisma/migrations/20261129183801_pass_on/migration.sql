-- Columns that older processes neither read nor write.
ALTER TABLE "workers" ADD COLUMN "serves" JSON;
ALTER TABLE "tasks" ADD COLUMN "passed_on" JSON;
ALTER TABLE "outbox" ADD COLUMN "unserved" BOOLEAN NOT NULL DEFAULT false;

-- Nearly always empty: the sweep asks it each second.
CREATE INDEX "outbox_unserved_idx" ON "outbox"("task_id") WHERE "unserved";
