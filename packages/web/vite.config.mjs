import { defineConfig } from 'vite'

/** The dashboard's page. `npx vite packages/web` serves it while it is worked on, beside a daemon on its usual port. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/admin/dashboard/',
  build: {
    assetsDir: 'assets',
    // The page's rules let nothing in that is written into it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  server: {
    proxy: { '^/(admin/api|api)/': process.env.MCP_VITALS_URL ?? 'http://127.0.0.1:9464' },
  },
  logLevel: 'warn',
})
