import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

const noAjv = fileURLToPath(new URL('src/pages/instanceForm/rjsf/noAjv.ts', import.meta.url));
const COMPRESSIBLE = new Set(['.js', '.css', '.html', '.svg', '.json']);

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

// The daemon embeds dist/ as it is: compressing here, once, keeps gzip out of its request path.
function precompress(): Plugin {
  return {
    name: 'precompress',
    apply: 'build',
    writeBundle({ dir }) {
      for (const file of filesBelow(dir ?? 'dist')) {
        if (COMPRESSIBLE.has(extname(file))) writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

// What every page needs is one file that browsers keep; the form and the chart stay apart.
function sharedChunk(id: string): string | undefined {
  const shared = /node_modules\/(react|react-dom|scheduler|react-router|@remix-run|@tanstack|@mantine|@floating-ui|i18next|react-i18next)/;
  return shared.test(id) ? 'vendor' : undefined;
}

// `npm run dev` talks to a running daemon: MYRIAD_URL=http://127.0.0.1:8080 npm run dev
export default defineConfig({
  plugins: [react(), precompress()],
  resolve: { alias: { '@rjsf/validator-ajv8': noAjv } },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rollupOptions: { output: { manualChunks: sharedChunk } },
  },
  test: { server: { deps: { inline: [/@rjsf/] } } },
  server: { proxy: { '/api': process.env.MYRIAD_URL ?? 'http://127.0.0.1:8080' } },
});
