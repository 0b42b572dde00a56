import { defineConfig } from 'tsup'

// For programs that are plain JavaScript: `npm run cluster` and the benchmarks. Tests import the source.
export default defineConfig({
  entry: { index: 'src/index.ts', 'cli/main': 'src/cli/main.ts' },
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  external: ['undici'],
  sourcemap: true,
  splitting: true,
  clean: true,
})
