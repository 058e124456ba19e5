-- Searches that users keep. Older processes do not know the table.
CREATE TABLE "views" (
  "id" UUID NOT NULL,
  "user_id" UUID NOT NULL,
  "name" TEXT NOT NULL,
  "screen" TEXT NOT NULL,
  "query" TEXT NOT NULL,
  "shared" BOOLEAN NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "views_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "views_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "views_user_id_idx" ON "views"("user_id");
-- By hand, below Prisma's horizon: everybody reads the shared ones.
CREATE INDEX "views_shared_idx" ON "views"("name") WHERE "shared";
