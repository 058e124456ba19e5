-- Workers of Celery, as their events tell of them: kept for a day after they have gone.
CREATE TABLE "celery_workers" (
    "name" TEXT NOT NULL,
    "pid" INTEGER,
    "software" TEXT,
    "version" TEXT,
    "active" INTEGER,
    "processed" BIGINT,
    "freq" DOUBLE PRECISION NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,
    "gone_at" TIMESTAMPTZ(3),

    CONSTRAINT "celery_workers_pkey" PRIMARY KEY ("name")
);

-- Which beat listens to Celery's events, and until when it does without saying so again.
CREATE TABLE "celery_watch" (
    "id" SMALLINT NOT NULL DEFAULT 1,
    "holder" UUID NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "celery_watch_pkey" PRIMARY KEY ("id")
);
