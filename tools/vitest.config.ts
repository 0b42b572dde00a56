import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    pool: 'forks',
    // These tests wait for servers more than they compute.
    maxWorkers: 2,
    include: ['test/**/*.test.ts'],
    // They start dozens of programs, and whole ensembles of servers: slow where the machine has other work.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
  },
})
