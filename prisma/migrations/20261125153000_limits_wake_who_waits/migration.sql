-- A task that is no longer claimed, or has ended, holds no slot: whichever statement did it. Only tasks of a limited key come here.
-- Where nobody waits for the key, its slots need not be counted: who comes to wait meanwhile has counted them itself, or the sweep
-- comes within a second.
CREATE OR REPLACE FUNCTION "limits_task_left"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  freed text;
BEGIN
  DELETE FROM limit_slots WHERE task_id = old.id RETURNING limit_key INTO freed;
  IF FOUND AND EXISTS (SELECT FROM outbox WHERE limit_key = freed) THEN PERFORM limits_wake(freed); END IF;
  RETURN NULL;
END $$;
