-- AlterTable
ALTER TABLE "tasks" ADD COLUMN     "priority" SMALLINT;
