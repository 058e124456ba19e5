-- Searches of the audit log: by what was done, and by who did it. Older processes read past them. The log is written by people's acts, so
-- it is small enough to be indexed within a migration.
CREATE INDEX "audit_action_idx" ON "audit" ("action", "id");
CREATE INDEX "audit_user_idx" ON "audit" ("user_id", "action", "id");
