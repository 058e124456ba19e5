-- What a worker tells with each renewal of its lease. Workers of older releases leave both null.
ALTER TABLE "workers" ADD COLUMN "seen_at" TIMESTAMPTZ(3), ADD COLUMN "vitals" JSON;

-- Workers that are gone, for a day.
CREATE TABLE "gone_workers" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "lease_until" TIMESTAMPTZ(3) NOT NULL,
    "seen_at" TIMESTAMPTZ(3),
    "gone_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "info" JSON,
    "serves" JSON,
    "vitals" JSON,
    "memory_mb" INTEGER,
    "stopping" BOOLEAN NOT NULL,
    "held" INTEGER,

    CONSTRAINT "gone_workers_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "gone_workers_gone_at_idx" ON "gone_workers" ("gone_at");
CREATE INDEX "gone_workers_name_idx" ON "gone_workers" ("name", "gone_at");

-- Whoever removes a worker: itself, the sweep of any release, an operator.
CREATE FUNCTION "workers_deleted"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gone_workers (id, name, started_at, lease_until, seen_at, info, serves, vitals, memory_mb, stopping, held)
  SELECT id, name, started_at, lease_until, seen_at, info, serves, vitals, memory_mb, stopping, held FROM gone
  ON CONFLICT (id) DO NOTHING;
  -- Rows that another removal has locked are its own to delete.
  DELETE FROM gone_workers WHERE id IN (
    SELECT id FROM gone_workers WHERE gone_at < now() - interval '1 day' ORDER BY gone_at LIMIT 1000 FOR UPDATE SKIP LOCKED);
  RETURN NULL;
END $$;
CREATE TRIGGER "workers_deleted" AFTER DELETE ON "workers" REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "workers_deleted"();
