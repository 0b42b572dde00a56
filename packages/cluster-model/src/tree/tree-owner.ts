// Who owns ephemeral nodes of a file: a file beside it for each tree that has some, removed by close(), touched while its
// process lives. Nodes whose owner has no such file, or a dead process, are gone.
import fs from 'node:fs'
import { identitiesBeside } from './file-lock.js'
import { lifeOf, newIdentity } from './process-identity.js'

const beatMs = 5_000
/** An owner in another host or container is believed dead when it was not touched for this long. */
const foreignStaleMs = 30_000

export class TreeOwner {
  readonly identity = newIdentity()
  readonly #path: string
  readonly #beat: NodeJS.Timeout
  #released = false

  /** `lost` is called when somebody took this process for dead and swept its nodes. */
  constructor(path: string, lost: () => void) {
    this.#path = ownerPath(path, this.identity)
    fs.writeFileSync(this.#path, '', { flag: 'wx' })
    this.#beat = setInterval(() => {
      const now = new Date()
      fs.utimes(this.#path, now, now, (error) => {
        if (error?.code !== 'ENOENT' || this.#released) return
        this.release()
        lost()
      })
    }, beatMs).unref()
  }

  release(): void {
    this.#released = true
    clearInterval(this.#beat)
    fs.rmSync(this.#path, { force: true })
  }
}

export function isOwnerGone(path: string, identity: string): boolean {
  const stat = fs.statSync(ownerPath(path, identity), { throwIfNoEntry: false })
  if (stat === undefined) return true
  const life = lifeOf(identity)
  if (life === 'foreign') return Date.now() - stat.mtimeMs > foreignStaleMs
  return life === 'dead'
}

/** To be called under the file's lock, after the nodes of the gone were swept. */
export function removeGoneOwners(path: string): void {
  for (const identity of identitiesBeside(path, 'owner')) {
    if (isOwnerGone(path, identity)) fs.rmSync(ownerPath(path, identity), { force: true })
  }
}

function ownerPath(path: string, identity: string): string {
  return `${path}.owner-${identity}`
}
