import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const slow = 'test/**/*.slow.test.ts';

export default defineConfig({
  resolve: { alias: { 'espalier/core': fileURLToPath(new URL('src/core.ts', import.meta.url)) } },
  test: {
    // The limits are there to end what hangs; they are far above what a busy machine needs.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
    projects: [
      // Fast files share their processes: loading the modules anew for each would double the time.
      {
        extends: true,
        test: { name: 'fast', include: ['test/**/*.test.ts'], exclude: [slow], isolate: false },
      },
      { extends: true, test: { name: 'slow', include: [slow] } },
    ],
  },
});
