-- Load tests and what they have measured. Older processes do not know the table.
CREATE TABLE "load_tests" (
  "id" UUID NOT NULL,
  "spec" JSON NOT NULL,
  "actor" UUID NOT NULL,
  "state" TEXT NOT NULL DEFAULT 'running',
  "report" JSON,
  "error" TEXT,
  "stop_asked" BOOLEAN NOT NULL DEFAULT false,
  "alive_until" TIMESTAMPTZ(3) NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "ended_at" TIMESTAMPTZ(3),
  CONSTRAINT "load_tests_pkey" PRIMARY KEY ("id")
);
