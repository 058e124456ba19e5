-- Tables that older processes neither read nor write.
CREATE TABLE "message_searches" (
    "queue" TEXT NOT NULL,
    "asked_at" TIMESTAMPTZ(6) NOT NULL,
    CONSTRAINT "message_searches_pkey" PRIMARY KEY ("queue")
);

CREATE TABLE "message_holdings" (
    "worker" UUID NOT NULL,
    "queue" TEXT NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,
    "held" UUID[],
    CONSTRAINT "message_holdings_pkey" PRIMARY KEY ("worker", "queue")
);

ALTER TABLE "message_holdings" ADD CONSTRAINT "message_holdings_worker_fkey" FOREIGN KEY ("worker") REFERENCES "workers"("id") ON DELETE CASCADE ON UPDATE CASCADE;
