import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    pool: 'forks',
    // These tests wait for servers more than they compute.
    maxWorkers: 2,
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
  },
})
