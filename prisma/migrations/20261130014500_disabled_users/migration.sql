-- Older processes neither read nor write the column: they still let a disabled user log in, whose tokens the newer ones refuse.
ALTER TABLE "users" ADD COLUMN "disabled_at" TIMESTAMPTZ(3);
