-- Columns that older processes neither read nor write.
ALTER TABLE "schedules" ADD COLUMN "seen_at" TIMESTAMPTZ(3);
ALTER TABLE "schedules" ADD COLUMN "earlier" TEXT[] NOT NULL DEFAULT '{}';
