import { defineConfig } from 'tsup'

// The private packages are bundled, code and types: they are not published. Types follow `paths`, not node_modules.
const privateSources = {
  '@backpack/http-rules': ['../http-rules/src/index.ts'],
  '@backpack/signing': ['../signing/src/index.ts'],
}

export default defineConfig({
  entry: { index: 'src/index.ts', 'cli/main': 'src/cli/main.ts' },
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  dts: { entry: { index: 'src/index.ts' }, compilerOptions: { baseUrl: '.', paths: privateSources } },
  sourcemap: true,
  splitting: true,
  clean: true,
})
