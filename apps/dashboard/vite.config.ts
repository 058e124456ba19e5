import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { budget } from './build/budget.ts';
import { compressed } from './build/compressed.ts';

/** The gateway that `npx nx serve dashboard` passes the API's requests on to. */
const gateway = process.env['DASHBOARD_GATEWAY'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  base: '/dashboard/',
  plugins: [react(), compressed(), budget()],
  resolve: { conditions: ['@lovage/source', 'module', 'browser', 'development|production'] },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    // The content security policy lets no font and no style come out of a data: URL.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
  },
  server: {
    // Not `localhost`, which is ::1 alone on some machines: the address is the one of the documents.
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    // The cookie of the session belongs to the origin of this page.
    proxy: { '/api': { target: gateway, changeOrigin: true }, '/health': { target: gateway, changeOrigin: true } },
  },
});
