import { defineConfig } from 'tsup'

// The private packages are bundled, code and types: they are not published.
export default defineConfig({
  entry: { index: 'src/index.ts', 'cli/main': 'src/cli/main.ts' },
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  dts: { entry: { index: 'src/index.ts' }, resolve: [/^@backpack\//] },
  sourcemap: true,
  splitting: true,
  clean: true,
})
