-- By hand, below Prisma's horizon: keys of many new tasks, taken in one statement.

-- Takes the idempotency keys and the uniqueness keys of tasks that are about to be inserted in the same transaction: all keys of the
-- one kind before those of the other, each kind in its order, so that no two callers wait for each other. Columns of the tasks, in
-- arrays: a null scope is no idempotency key, a null `uniques` no uniqueness key. Of each task comes back who its key stands for, and a verdict:
-- 'fresh'        its row is to be inserted
-- 'key'          an earlier submit has its idempotency key, with the print of `kept`; that may be another task of the same call
-- 'existing', 'rejected'   the holder of the uniqueness key is in the way
-- 'replaceable'  the same, but it waits: the caller revokes it in a transaction, and asks again with it in `replaces`
-- 'later'        it is to replace a task of the same call, whose row is only about to be there: the caller asks again
-- What is neither fresh nor existing leaves nothing behind. See the migration of unique tasks.
-- `patience_ms`: how long to wait for another transaction that has one of the keys, then lock_not_available; null: for ever.
CREATE FUNCTION "submit_take"(
  ids uuid[], scopes text[], texts text[], ttls double precision[], prints text[],
  uniques text[], periods double precision[], states text[], conflicts text[], replaces uuid[], patience_ms int,
  OUT holders uuid[], OUT verdicts text[], OUT kept text[]
) LANGUAGE plpgsql AS $$
DECLARE
  r record;
  h uuid;
  v text;
  made_key text;
  made uuid;
BEGIN
  IF patience_ms IS NOT NULL THEN PERFORM set_config('lock_timeout', patience_ms || 'ms', true); END IF;
  holders := ids;
  verdicts := array_fill('fresh'::text, ARRAY[cardinality(ids)]);
  kept := array_fill(''::text, ARRAY[cardinality(ids)]);
  FOR r IN
    SELECT s.* FROM unnest(ids, scopes, texts, ttls, prints) WITH ORDINALITY AS s(id, scope, txt, ttl, print, no)
    WHERE s.scope IS NOT NULL ORDER BY s.scope, s.txt, s.no
  LOOP
    -- `do update` rather than `do nothing`: the loser must see the winner's row, which its own snapshot does not hold.
    INSERT INTO keys AS k (scope, key, task_id, expires_at, fingerprint)
    VALUES (r.scope, r.txt, r.id, now() + r.ttl * interval '1 ms', r.print)
    ON CONFLICT (scope, key) DO UPDATE SET
      task_id = CASE WHEN k.expires_at < now() THEN excluded.task_id ELSE k.task_id END,
      fingerprint = CASE WHEN k.expires_at < now() THEN excluded.fingerprint ELSE k.fingerprint END,
      expires_at = CASE WHEN k.expires_at < now() THEN excluded.expires_at ELSE k.expires_at END
    RETURNING k.task_id, k.fingerprint INTO h, v;
    kept[r.no] := v;
    IF h <> r.id THEN
      holders[r.no] := h;
      verdicts[r.no] := 'key';
    END IF;
  END LOOP;
  FOR r IN
    SELECT s.* FROM unnest(ids, scopes, texts, uniques, periods, states, conflicts, replaces, verdicts)
      WITH ORDINALITY AS s(id, scope, txt, of_key, period, in_states, conflict, instead_of, verdict, no)
    WHERE s.of_key IS NOT NULL AND s.verdict = 'fresh' ORDER BY s.of_key, s.no
  LOOP
    IF made_key = r.of_key THEN
      -- Made a moment ago, and not yet to be seen: it waits, and waiting tasks are in the way by every rule.
      h := made;
      v := CASE r.conflict WHEN 'replace' THEN 'later' WHEN 'reject' THEN 'rejected' ELSE 'existing' END;
    ELSE
      SELECT u.holder, u.verdict INTO h, v
      FROM unique_take(r.of_key, r.id, r.period, string_to_array(r.in_states, ','), r.conflict, r.instead_of) u;
      IF v = 'fresh' THEN
        made_key := r.of_key;
        made := r.id;
      END IF;
    END IF;
    holders[r.no] := h;
    verdicts[r.no] := v;
    IF r.scope IS NOT NULL AND v = 'existing' THEN
      UPDATE keys k SET task_id = h WHERE k.scope = r.scope AND k.key = r.txt;
    ELSIF r.scope IS NOT NULL AND v <> 'fresh' THEN
      DELETE FROM keys k WHERE k.scope = r.scope AND k.key = r.txt;
    END IF;
  END LOOP;
END $$;
