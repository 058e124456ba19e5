-- CreateTable
CREATE TABLE "files" (
    "id" UUID NOT NULL,
    "path" TEXT,
    "owner" UUID,
    "bytes" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "files_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "file_usage" (
    "owner" UUID NOT NULL,
    "bytes" BIGINT NOT NULL,
    "files" BIGINT NOT NULL,

    CONSTRAINT "file_usage_pkey" PRIMARY KEY ("owner")
);

-- CreateIndex
CREATE INDEX "files_path_idx" ON "files"("path");

-- By hand, below Prisma's horizon.
-- Usage follows the rows, whichever statement writes them. The total comes first in every statement: its row is the one lock.
CREATE FUNCTION "count_files"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  total CONSTANT uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
  nobody CONSTANT uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO file_usage AS u (owner, bytes, files)
    SELECT * FROM (
      SELECT total, sum(bytes), count(*) FROM come HAVING count(*) > 0
      UNION ALL SELECT coalesce(owner, nobody), sum(bytes), count(*) FROM come GROUP BY 1) d ORDER BY 1 DESC
    ON CONFLICT (owner) DO UPDATE SET bytes = u.bytes + excluded.bytes, files = u.files + excluded.files;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO file_usage AS u (owner, bytes, files)
    SELECT * FROM (
      SELECT total, -sum(bytes), -count(*) FROM gone HAVING count(*) > 0
      UNION ALL SELECT coalesce(owner, nobody), -sum(bytes), -count(*) FROM gone GROUP BY 1) d ORDER BY 1 DESC
    ON CONFLICT (owner) DO UPDATE SET bytes = u.bytes + excluded.bytes, files = u.files + excluded.files;
  ELSE
    INSERT INTO file_usage AS u (owner, bytes, files)
    SELECT owner, sum(bytes), sum(files) FROM (
      SELECT unnest(ARRAY[total, coalesce(owner, nobody)]) AS owner, bytes, 1 AS files FROM come
      UNION ALL SELECT unnest(ARRAY[total, coalesce(owner, nobody)]), -bytes, -1 FROM gone) d
    GROUP BY owner ORDER BY owner DESC
    ON CONFLICT (owner) DO UPDATE SET bytes = u.bytes + excluded.bytes, files = u.files + excluded.files;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "count_files_inserted" AFTER INSERT ON "files" REFERENCING NEW TABLE AS come FOR EACH STATEMENT EXECUTE FUNCTION "count_files"();
CREATE TRIGGER "count_files_deleted" AFTER DELETE ON "files" REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "count_files"();
CREATE TRIGGER "count_files_updated" AFTER UPDATE ON "files" REFERENCING NEW TABLE AS come OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION "count_files"();
