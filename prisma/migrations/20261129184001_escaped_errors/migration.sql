-- Errors that nobody caught, tied to the task whose code they came from: how many, and the last of them.
ALTER TABLE "tasks" ADD COLUMN "escaped" JSON;
