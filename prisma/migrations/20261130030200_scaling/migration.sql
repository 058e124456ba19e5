-- Live tasks of a queue by when they could run first: what a scaler of workers asks. Neither column changes after the insert, so a claim
-- stays a HOT update. Older processes write past it.
CREATE INDEX "tasks_due_idx" ON "tasks" ("queue", (greatest("created_at", "eta"))) WHERE "finished_at" IS NULL;
