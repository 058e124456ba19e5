-- A table that older processes neither read nor write.
CREATE TABLE "row_gaps" (
    "id" UUID NOT NULL,
    "from_at" BIGINT,
    "to_at" BIGINT,
    "renewed_at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "stale_since" TIMESTAMPTZ(6),
    CONSTRAINT "row_gaps_pkey" PRIMARY KEY ("id")
);
