-- AlterTable
ALTER TABLE "tasks" ADD COLUMN     "crashes" SMALLINT NOT NULL DEFAULT 0;
