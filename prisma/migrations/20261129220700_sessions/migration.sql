-- What is told of a login; its id is the family of its refresh tokens. Older gateways neither read nor write it: a login that one of
-- them makes has no row until a newer one refreshes it.
CREATE TABLE "sessions" (
  "id" UUID NOT NULL,
  "user_id" UUID NOT NULL,
  "cookie" BOOLEAN NOT NULL DEFAULT false,
  "address" TEXT,
  "user_agent" TEXT,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "ended_at" TIMESTAMPTZ(3),
  CONSTRAINT "sessions_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "sessions_user_id_ended_at_idx" ON "sessions"("user_id", "ended_at");

INSERT INTO "sessions" ("id", "user_id", "created_at")
SELECT family, user_id, min(created_at) FROM "refresh_tokens" GROUP BY family, user_id;

-- The newest refresh token of each login: the list of sessions reads these alone.
CREATE INDEX "refresh_tokens_live_idx" ON "refresh_tokens"("created_at") WHERE "used_at" IS NULL AND "revoked_at" IS NULL;
