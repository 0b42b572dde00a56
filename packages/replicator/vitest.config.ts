import { defineConfig } from 'vitest/config'

// Child processes, since worker threads share the descriptors and the pool that the tests count.
// The suites under test/faults read BACKPACK_FAULTS_FULL themselves: unset means short counts.
const fullFaults = process.env['BACKPACK_FAULTS_FULL'] === '1'
// Whole clusters that are killed take minutes even with short counts: `npm run test:faults -- --short`.
const faultsWanted = fullFaults || process.env['BACKPACK_FAULTS_SHORT'] === '1'

export default defineConfig({
  test: {
    pool: 'forks',
    // These tests wait for servers more than they compute.
    maxWorkers: 2,
    include: ['test/**/*.test.ts'],
    exclude: faultsWanted ? [] : ['test/faults/**'],
    // Only to end what hangs: some tests start a dozen processes, and a busy machine takes a minute for that.
    testTimeout: fullFaults ? 3_600_000 : 240_000,
    hookTimeout: fullFaults ? 600_000 : 240_000,
    passWithNoTests: true,
  },
})
