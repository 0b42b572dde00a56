// What a file would hold after a power cut: the content as of its last sync, and every change made since, of which
// the disk may have kept any part.
import type { SeededRandom } from './seeded-random.js'

const sectorBytes = 512

export interface FileChange {
  readonly kind: 'write' | 'truncate'
  /** Where a write begins, or the size that a truncate leaves. */
  readonly position: number
  readonly bytes: Buffer
  /** Whether the call had returned: a sync covers only those that had when it began. */
  done: boolean
}

export class FileImage {
  #synced: Buffer
  #unsynced: FileChange[] = []

  constructor(synced: Buffer) {
    this.#synced = synced
  }

  begin(kind: FileChange['kind'], position: number, bytes: Buffer = Buffer.alloc(0)): FileChange {
    const change = { kind, position, bytes, done: false }
    this.#unsynced.push(change)
    return change
  }

  /** The changes that a sync which begins now makes durable once it has returned. */
  coveredBySync(): Set<FileChange> {
    return new Set(this.#unsynced.filter(({ done }) => done))
  }

  synced(covered: Set<FileChange>): void {
    for (const change of this.#unsynced) if (covered.has(change)) this.#synced = apply(this.#synced, change)
    this.#unsynced = this.#unsynced.filter((change) => !covered.has(change))
  }

  /** Only what was synced; or, with a generator, any part of the rest as well, torn at sectors. */
  afterPowerCut(random: SeededRandom | undefined): Buffer {
    let content = this.#synced
    if (random === undefined) return content
    for (const change of this.#unsynced) {
      const fate = random.pick(['lost', 'kept', 'torn'] as const)
      if (fate === 'kept') content = apply(content, change)
      if (fate === 'torn' && change.kind === 'write') content = applyTorn(content, change, random)
    }
    return content
  }
}

function apply(content: Buffer, { kind, position, bytes }: FileChange): Buffer {
  if (kind === 'truncate') return resized(content, position)
  const changed = resized(content, Math.max(content.length, position + bytes.length))
  changed.set(bytes, position)
  return changed
}

/** Some sectors of the write; a file that grew may show zeros where the others belong. */
function applyTorn(content: Buffer, { position, bytes }: FileChange, random: SeededRandom): Buffer {
  const kept: { from: number; to: number }[] = []
  const end = position + bytes.length
  for (let from = position; from < end; ) {
    const to = Math.min(end, (Math.floor(from / sectorBytes) + 1) * sectorBytes)
    if (random.chance(0.5)) kept.push({ from, to })
    from = to
  }
  const grownTo = random.chance(0.3) ? end : (kept.at(-1)?.to ?? 0)
  const changed = resized(content, Math.max(content.length, grownTo))
  for (const { from, to } of kept) changed.set(bytes.subarray(from - position, to - position), from)
  return changed
}

function resized(content: Buffer, sizeBytes: number): Buffer {
  const changed = Buffer.alloc(sizeBytes)
  content.copy(changed)
  return changed
}
