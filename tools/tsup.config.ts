import { defineConfig } from 'tsup'

// The packages that are only source are bundled; the published ones are used as they are built.
export default defineConfig({
  entry: {
    'backpack-cluster/main': 'src/backpack-cluster/main.ts',
    'embedded/main': 'src/embedded/main.ts',
  },
  format: ['esm'],
  target: 'node20',
  platform: 'node',
  // Optional, and native: loaded from where it is installed, if it is.
  external: ['zookeeper'],
  noExternal: [/^@backpack\/(cluster-model|command-line|signing)$/],
  sourcemap: true,
  splitting: true,
  clean: true,
})
