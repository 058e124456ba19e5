-- CreateTable
CREATE TABLE "unique_keys" (
    "key" TEXT NOT NULL,
    "task_id" UUID NOT NULL,

    CONSTRAINT "unique_keys_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "unique_keys_task_id_idx" ON "unique_keys"("task_id");

-- By hand, below Prisma's horizon: who has a key. Functions, because the one who waited for the key must then see the row of the
-- task that has it, which the snapshot of a plain statement does not hold.

-- Takes a key for a task, unless the task that has it is in the way: it is in one of the states, and was submitted within the
-- period (null: whenever). The key's row stays locked until the end of the transaction. Verdicts:
-- 'fresh'        the key is the task's, whose row is to be inserted in the same transaction
-- 'existing', 'rejected'   the holder is in the way; nothing was changed
-- 'replaceable'  the same, but it waits: the caller revokes it in a transaction, and asks again with it as `replaces`
CREATE FUNCTION "unique_take"(
  of_key text, by_task uuid, period_ms double precision, in_states text[], on_conflict text, replaces uuid,
  OUT holder uuid, OUT verdict text
) LANGUAGE plpgsql AS $$
DECLARE
  waits boolean;
BEGIN
  LOOP
    SELECT u.task_id INTO holder FROM unique_keys u WHERE u.key = of_key FOR UPDATE;
    EXIT WHEN FOUND;
    INSERT INTO unique_keys (key, task_id) VALUES (of_key, by_task) ON CONFLICT DO NOTHING;
  END LOOP;
  verdict := 'fresh';
  IF holder = by_task THEN RETURN; END IF;
  SELECT t.claim_worker IS NULL AND t.ended_state IS NULL INTO waits FROM tasks t
  WHERE t.id = holder AND t.id IS DISTINCT FROM replaces AND t.state = ANY (in_states)
    AND (period_ms IS NULL OR t.created_at > now() - period_ms * interval '1 ms');
  IF NOT FOUND THEN
    UPDATE unique_keys u SET task_id = by_task WHERE u.key = of_key;
    holder := by_task;
  ELSIF on_conflict = 'replace' THEN
    verdict := CASE WHEN waits THEN 'replaceable' ELSE 'existing' END;
  ELSE
    verdict := CASE on_conflict WHEN 'reject' THEN 'rejected' ELSE 'existing' END;
  END IF;
END $$;

-- The same for a submit with an idempotency key, which comes first: verdict 'key' when an earlier submit has it. What the submit
-- comes to is what its key stands for from then on: the existing task, or nothing.
CREATE FUNCTION "unique_take_keyed"(
  key_scope text, key_text text, ttl_ms double precision, print text,
  of_key text, by_task uuid, period_ms double precision, in_states text[], on_conflict text, replaces uuid,
  OUT holder uuid, OUT verdict text, OUT kept_print text
) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO keys AS k (scope, key, task_id, expires_at, fingerprint)
  VALUES (key_scope, key_text, by_task, now() + ttl_ms * interval '1 ms', print)
  ON CONFLICT (scope, key) DO UPDATE SET
    task_id = CASE WHEN k.expires_at < now() THEN excluded.task_id ELSE k.task_id END,
    fingerprint = CASE WHEN k.expires_at < now() THEN excluded.fingerprint ELSE k.fingerprint END,
    expires_at = CASE WHEN k.expires_at < now() THEN excluded.expires_at ELSE k.expires_at END
  RETURNING k.task_id, k.fingerprint INTO holder, kept_print;
  verdict := 'key';
  IF holder <> by_task THEN RETURN; END IF;
  SELECT u.holder, u.verdict INTO holder, verdict
  FROM unique_take(of_key, by_task, period_ms, in_states, on_conflict, replaces) u;
  IF verdict = 'existing' THEN
    UPDATE keys k SET task_id = holder WHERE k.scope = key_scope AND k.key = key_text;
  ELSIF verdict <> 'fresh' THEN
    DELETE FROM keys k WHERE k.scope = key_scope AND k.key = key_text;
  END IF;
END $$;
