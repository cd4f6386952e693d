import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The texts live beside the other programs' in assets/, two folders above this one.
const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'safari15',
    // The window loads from the program itself: one script is sooner there than many.
    chunkSizeWarningLimit: 1024,
  },
  server: { port: 5173, strictPort: true, fs: { allow: [projectRoot] } },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/testing/setup.ts'],
    css: false,
  },
});
