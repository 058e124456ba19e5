-- Input schemas that workers have served. Old processes do not know it.
CREATE TABLE "contract_schemas" (
    "name" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "input_schema" JSON NOT NULL,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "contract_schemas_pkey" PRIMARY KEY ("name","version","fingerprint")
);
