import { defineConfig } from 'tsup'

// The private packages are bundled, code and types: they are not published. Types follow `paths`, not node_modules.
const privateSources = {
  '@backpack/cluster-model': ['../cluster-model/src/index.ts'],
  '@backpack/command-line': ['../command-line/src/index.ts'],
  '@backpack/http-rules': ['../http-rules/src/index.ts'],
  '@backpack/signing': ['../signing/src/index.ts'],
}

export default defineConfig({
  entry: { index: 'src/index.ts', client: 'src/client/index.ts', 'cli/main': 'src/cli/main.ts' },
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  // Optional, and with a native part: looked for at run time.
  external: ['zookeeper'],
  dts: {
    entry: { index: 'src/index.ts', client: 'src/client/index.ts' },
    compilerOptions: { baseUrl: '.', paths: privateSources },
  },
  sourcemap: true,
  splitting: true,
  clean: true,
})
