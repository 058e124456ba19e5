-- Counts of submits and logins, for all gateways together. The names and the order of the columns are those of rate-limiter-flexible.
-- Unlogged: a crash forgets counts of a minute, and no request waits for the disk. Gateways of older releases count on their own.
CREATE UNLOGGED TABLE "rate_counters" (
    "key" TEXT NOT NULL,
    "points" INTEGER NOT NULL DEFAULT 0,
    "expire" BIGINT,

    CONSTRAINT "rate_counters_pkey" PRIMARY KEY ("key")
);

CREATE INDEX "rate_counters_expire_idx" ON "rate_counters" ("expire");
