import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Files of one worker share what they import: a quarter of the time.
    isolate: false,
    // A test waits for child processes and the server more than it computes.
    maxWorkers: 4,
  },
});
