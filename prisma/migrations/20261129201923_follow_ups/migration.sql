-- A task that ends submits what its message asks for (libs/task, TaskExtra.onEnd): in the transaction of its end, whichever statement ends it.
-- `finished_at` goes from null to a time once in a task's life, so there is one follow-up; its id follows from the task's all the same.
CREATE FUNCTION "follow_up"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  most CONSTANT int := 65536;
  which text := CASE new.state WHEN 'SUCCESS' THEN 'success' WHEN 'REVOKED' THEN NULL ELSE 'failure' END;
  spec json := new.extra->'onEnd'->which;
  -- A UUIDv7: ids sort by time.
  hash text := md5(new.id || ':' || which);
  follow uuid := lpad(to_hex((extract(epoch FROM new.finished_at) * 1000)::bigint), 12, '0') || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15);
  large_input boolean := coalesce(octet_length(new.input::text) > most, false);
  large_result boolean := coalesce(octet_length(new.result::text) > most, false);
  tags json := new.extra->'tags';
BEGIN
  IF spec IS NULL THEN RETURN NULL; END IF;
  INSERT INTO tasks (id, name, queue, state, priority, input_stamp, expires_at, user_id, parent_id, root_id, extra, input)
  VALUES (follow, spec->>'name', spec->>'queue', 'PENDING', (spec->>'priority')::int, spec->>'stamp',
    now() + (spec->>'expiresMs')::float8 * interval '1 ms', new.user_id, new.id, coalesce(new.root_id, new.id),
    CASE WHEN tags IS NOT NULL THEN json_build_object('tags', tags) END,
    json_build_object('id', new.id, 'name', new.name, 'queue', new.queue, 'state', new.state,
      'attempts', CASE WHEN new.started_at IS NULL THEN 0 ELSE new.retries + 1 END,
      'input', CASE WHEN NOT large_input THEN new.input END,
      'result', CASE WHEN NOT large_result THEN new.result END, 'error', new.error,
      'omitted', array_remove(ARRAY[CASE WHEN large_input THEN 'input' END, CASE WHEN large_result THEN 'result' END], NULL),
      'userId', new.user_id, 'tags', coalesce(tags, '[]'),
      'scheduledFor', to_timestamp((new.extra->>'scheduledFor')::float8 / 1000),
      'createdAt', new.created_at, 'finishedAt', new.finished_at))
  ON CONFLICT (id) DO NOTHING;
  IF FOUND THEN
    INSERT INTO outbox (task_id, turn, due_at) VALUES (follow, 0, now()) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
-- Only what sets `finished_at` looks at the condition: a claim does not.
CREATE TRIGGER "follow_up_updated" AFTER UPDATE OF "finished_at" ON "tasks" FOR EACH ROW
WHEN (new.extra IS NOT NULL AND new.extra->'onEnd' IS NOT NULL AND old.finished_at IS NULL AND new.finished_at IS NOT NULL) EXECUTE FUNCTION "follow_up"();
CREATE TRIGGER "follow_up_inserted" AFTER INSERT ON "tasks" FOR EACH ROW
WHEN (new.extra IS NOT NULL AND new.extra->'onEnd' IS NOT NULL AND new.finished_at IS NOT NULL) EXECUTE FUNCTION "follow_up"();
