import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { fakeHq } from './src/testing/fake-hq-plugin.ts';

const assets = resolve(import.meta.dirname, '../../assets');

/** `--mode fake` answers the API from memory, for work on the page without an HQ. A build never contains it. */
export default defineConfig(({ mode }) => ({
  plugins: [svelte(), ...(mode === 'fake' ? [fakeHq()] : [])],
  resolve: {
    // Component tests run in Node, where Svelte would otherwise resolve to its server build.
    conditions: mode === 'test' ? ['browser'] : undefined,
  },
  server: {
    fs: { allow: [import.meta.dirname, assets] },
    proxy: mode === 'fake' ? undefined : { '/api': process.env.HQ_URL ?? 'http://127.0.0.1:7000' },
  },
  build: {
    target: 'es2022',
    // The policy of the server allows fonts and scripts from the server only, so nothing may become a data address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  test: {
    environment: 'happy-dom',
    include: ['tests/**/*.test.ts'],
    restoreMocks: true,
  },
}));
