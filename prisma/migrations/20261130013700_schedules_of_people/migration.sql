-- Who states a schedule: `code` of a beat, or people, by the API. Older processes neither read nor write the column: beats of older
-- releases leave what people make alone. Its default is constant: no row is rewritten.
ALTER TABLE "schedules" ADD COLUMN "source" TEXT NOT NULL DEFAULT 'code';
