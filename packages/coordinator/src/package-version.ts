import { createRequire } from 'node:module'

/** The version of this package, also from inside a bundle; 'unknown' when it was bundled into another package. */
export function packageVersion(): string {
  try {
    const manifest = createRequire(import.meta.url)('@backpack/coordinator/package.json') as {
      version: string
    }
    return manifest.version
  } catch {
    return 'unknown'
  }
}
