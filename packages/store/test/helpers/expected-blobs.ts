// What a store may answer after a crash: for each name the newest acknowledged operation, or one that was under way
// when the crash came and whose version is higher. Nothing else.
import type { Store } from '../../src/index.js'

/** An operation on a name; a delete has no data. */
export interface Attempt {
  readonly data: Buffer | undefined
  /** Set when it was acknowledged. */
  version?: bigint
}

/** What a store says of a name: a blob, a tombstone, or that it never heard of it. */
export interface Observed {
  readonly state: 'blob' | 'deleted' | 'missing'
  readonly version: bigint | undefined
  readonly data: Buffer | undefined
}

const missing: Observed = { state: 'missing', version: undefined, data: undefined }

export class ExpectedBlobs {
  readonly #acknowledged = new Map<string, Attempt>()
  readonly #underWay = new Map<string, Set<Attempt>>()

  begin(name: string, data: Buffer | undefined): Attempt {
    const attempt: Attempt = { data }
    const others = this.#underWay.get(name)
    if (others === undefined) this.#underWay.set(name, new Set([attempt]))
    else others.add(attempt)
    return attempt
  }

  acknowledge(name: string, attempt: Attempt, version: bigint): void {
    this.#underWay.get(name)?.delete(attempt)
    attempt.version = version
    const newest = this.#acknowledged.get(name)?.version
    if (newest === undefined || version > newest) this.#acknowledged.set(name, attempt)
  }

  /** It changed nothing, as a delete of a name that was not there. */
  drop(name: string, attempt: Attempt): void {
    this.#underWay.get(name)?.delete(attempt)
  }

  names(): string[] {
    return [...new Set([...this.#acknowledged.keys(), ...this.#underWay.keys()])]
  }

  /** What is wrong with an answer; undefined when it is allowed. */
  problemWith(name: string, observed: Observed): string | undefined {
    const newest = this.#acknowledged.get(name)
    const underWay = [...(this.#underWay.get(name) ?? [])]
    if (newest?.version === undefined) {
      if (observed.state === 'missing') return undefined
    } else {
      if (observed.version === undefined) return `${name}: acknowledged, now missing`
      if (observed.version < newest.version) return `${name}: an older version came back`
      if (observed.version === newest.version) {
        return isResultOf(newest, observed) ? undefined : `${name}: not what was acknowledged`
      }
    }
    const allowed = underWay.some((attempt) => isResultOf(attempt, observed))
    return allowed ? undefined : `${name}: ${observed.state} with bytes that nobody put`
  }

  /** From now on what was observed is what is expected: a crash decided about everything that was under way. */
  settle(observed: ReadonlyMap<string, Observed>): void {
    this.#underWay.clear()
    this.#acknowledged.clear()
    for (const [name, { version, data }] of observed) {
      if (version !== undefined) this.#acknowledged.set(name, { data, version })
    }
  }
}

function isResultOf(attempt: Attempt, { state, data }: Observed): boolean {
  if (attempt.data === undefined) return state === 'deleted'
  return state === 'blob' && data !== undefined && data.equals(attempt.data)
}

/** Asks the store for every name, data included. A damaged blob throws. */
export async function observe(store: Store, names: readonly string[]): Promise<Map<string, Observed>> {
  const observed = new Map<string, Observed>()
  for (const name of names) {
    const blob = await store.openBlob(name)
    if (blob === undefined) {
      observed.set(name, missing)
    } else {
      const { version } = blob.info
      const data = blob.deleted ? undefined : (await store.get(name))?.data
      observed.set(name, { state: blob.deleted ? 'deleted' : 'blob', version, data })
    }
  }
  return observed
}
