import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fresh directory; remove() takes it away with all that is in it. */
export class TemporaryDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'backpack-cluster-'))

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
