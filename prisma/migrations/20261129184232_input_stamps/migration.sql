-- What the input of a task was made for: contract version and fingerprint of its schema. Old code leaves it empty.
ALTER TABLE "tasks" ADD COLUMN "input_stamp" TEXT;
