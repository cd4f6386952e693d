import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

// The till's screens over the fake core of src/testing, for a browser without Tauri.
// This never touches `vite build`: other root, other output.
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('./src/testing'),
  base: './',
  plugins: [svelte({ configFile: here('./svelte.config.js') })],
  build: { target: 'safari15', outDir: here('./node_modules/.fake-dist'), emptyOutDir: true },
  server: { port: 5174, strictPort: true, fs: { allow: [here('../..')] } },
});
