-- Older processes neither read nor write the column. Its default is constant: no row is rewritten.
ALTER TABLE "users" ADD COLUMN "epoch" INTEGER NOT NULL DEFAULT 0;

-- What belongs to nobody opens nothing from now on; it must go before the keys can refer to their users.
DELETE FROM "refresh_tokens" t WHERE NOT EXISTS (SELECT FROM "users" u WHERE u.id = t.user_id);
DELETE FROM "api_keys" k WHERE NOT EXISTS (SELECT FROM "users" u WHERE u.id = k.user_id);
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_user_id_fkey"
  FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_id_fkey"
  FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
