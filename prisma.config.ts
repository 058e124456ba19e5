import { fileURLToPath } from 'node:url';
import { defineConfig } from 'prisma/config';

// `prisma migrate` wants an engine executable that its installer downloads. Where none is given, the same engine's
// WebAssembly build answers in its place, so that migrations need nothing but `npm ci` (docs/decisions/0002).
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= fileURLToPath(new URL('tools/schema-engine.mjs', import.meta.url));
process.env['CHECKPOINT_DISABLE'] ??= '1';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://postgres@127.0.0.1:5432/lovage' },
});
