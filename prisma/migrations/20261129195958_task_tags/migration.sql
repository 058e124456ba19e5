-- AlterTable
ALTER TABLE "tasks" ADD COLUMN     "extra" JSON;

-- CreateTable
CREATE TABLE "task_tags" (
    "tag" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "task_id" UUID NOT NULL,

    CONSTRAINT "task_tags_pkey" PRIMARY KEY ("tag","created_at","task_id")
);

-- By hand, below Prisma's horizon.
-- Only tasks that have it enter one of these: who submits no children, and retries nothing, pays for none (docs/decisions/0280).
CREATE INDEX "tasks_parent_idx" ON "tasks" ("parent_id", "created_at", "id") WHERE "parent_id" IS NOT NULL;
CREATE INDEX "tasks_root_idx" ON "tasks" ("root_id", "created_at", "id") WHERE "root_id" <> "id";
CREATE INDEX "tasks_retried_idx" ON "tasks" ("retried_from", "created_at", "id") WHERE "retried_from" IS NOT NULL;

-- Tags are written with the row, whichever statement writes it, and go with it.
CREATE FUNCTION "tags_written"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO task_tags (tag, created_at, task_id)
  SELECT DISTINCT tag, new.created_at, new.id FROM json_array_elements_text(new.extra->'tags') AS tag ORDER BY tag
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER "tags_written" AFTER INSERT ON "tasks" FOR EACH ROW
WHEN (new.extra IS NOT NULL AND new.extra->'tags' IS NOT NULL) EXECUTE FUNCTION "tags_written"();

CREATE FUNCTION "tags_deleted"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM task_tags g USING json_array_elements_text(old.extra->'tags') AS t (tag)
  WHERE g.tag = t.tag AND g.created_at = old.created_at AND g.task_id = old.id;
  RETURN NULL;
END $$;
CREATE TRIGGER "tags_deleted" AFTER DELETE ON "tasks" FOR EACH ROW
WHEN (old.extra IS NOT NULL AND old.extra->'tags' IS NOT NULL) EXECUTE FUNCTION "tags_deleted"();

CREATE FUNCTION "tags_truncated"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM task_tags;
  RETURN NULL;
END $$;
CREATE TRIGGER "tags_truncated" AFTER TRUNCATE ON "tasks" FOR EACH STATEMENT EXECUTE FUNCTION "tags_truncated"();
