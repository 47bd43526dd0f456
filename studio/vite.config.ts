import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The studio as static files, which work from any folder of a web server. */
export default defineConfig({
  root: at('.'),
  base: './',
  resolve: {
    alias: { 'espalier/core': at('../src/core.ts') },
    // The build of onnxruntime-web that loads its WebAssembly module from a given address.
    conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'],
  },
  worker: { format: 'es' },
  // `dist/studio` also contains the compiled server of `src/studio`.
  build: {
    outDir: at('../dist/studio/page'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    // The page only takes the functions that it calls from the core, which the worker has as a whole.
    rolldownOptions: {
      treeshake: { moduleSideEffects: (id) => !id.startsWith(at('../src/')) },
      checks: { pluginTimings: false },
    },
  },
});
