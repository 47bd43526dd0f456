import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The limits are there to end what hangs; they are far above what a busy machine needs.
  test: { include: ['test/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000, maxWorkers: 2 },
});
