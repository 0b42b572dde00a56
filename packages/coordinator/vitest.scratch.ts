import { defineConfig } from 'vitest/config'
export default defineConfig({
  resolve: { alias: { '@backpack/cluster-model': '/tmp/scratch/index.ts' } },
  test: { pool: 'forks', include: ['test/**/*.test.ts'], testTimeout: 30000, hookTimeout: 30000 },
})
