-- AlterTable
ALTER TABLE "dead_letters" ADD COLUMN     "priority" SMALLINT;
