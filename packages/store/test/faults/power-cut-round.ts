// One life of a store that ends without warning, and what the next ones find. A round goes on with the directory that
// the last one left; after some rounds a new one is begun, since many volumes make a round slow.
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type DiskFiles, Store } from '../../src/index.js'
import { ExpectedBlobs, observe, type Observed } from '../helpers/expected-blobs.js'
import { KillableFiles } from '../helpers/killable-files.js'
import { type ForgottenSyncs, LosingDisk } from '../helpers/losing-disk.js'
import type { SeededRandom } from '../helpers/seeded-random.js'

const workers = 8
const operationsPerWorkerMax = 60
const nameCount = 40
const roundsPerDirectory = 8

export interface PowerCuts {
  readonly base: string
  readonly random: SeededRandom
  readonly forgets: ForgottenSyncs | 'recovery'
}

export class PowerCutRounds {
  readonly #cuts: PowerCuts
  #expected = new ExpectedBlobs()
  #directories = 0
  #rounds = 0
  #root: string
  /** Operations that a store acknowledged before its end came. */
  acknowledgements = 0

  constructor(cuts: PowerCuts) {
    this.#cuts = cuts
    this.#root = this.#nextDirectory()
    mkdirSync(this.#root)
  }

  /** Load, plug, reopen, plug at once, reopen. Returns what was lost or came back; nothing when all is well. */
  async powerCut(): Promise<string[]> {
    const { random } = this.#cuts
    this.#beginRound()
    const disk = new LosingDisk(this.#root, this.#forgetsInLife())
    const stopAfter = () => disk.unplugAfter(pickMoment(random))
    await this.#live(disk, { stopAfter, isStopped: () => disk.unplugged })
    const found = this.#nextDirectory()
    disk.powerCut(found, random.chance(0.3) ? undefined : random)
    const reopened = new LosingDisk(found, this.#forgetsInLife())
    return this.#reopenTwice(reopened, found)
  }

  /** The same for a process that is killed: the page cache survives it, until the plug is pulled right after. */
  async killThenPowerCut(): Promise<string[]> {
    const { random } = this.#cuts
    this.#beginRound()
    const disk = new LosingDisk(this.#root, this.#forgetsInLife())
    const process = new KillableFiles(disk)
    const stopAfter = () => process.killAfter(pickMoment(random))
    await this.#live(process, { stopAfter, isStopped: () => process.killed })
    if (this.#cuts.forgets === 'recovery') disk.forgets = 'files'
    return this.#reopenTwice(disk, this.#root)
  }

  #forgetsInLife(): ForgottenSyncs {
    return this.#cuts.forgets === 'recovery' ? 'none' : this.#cuts.forgets
  }

  #beginRound(): void {
    if (this.#rounds++ % roundsPerDirectory !== 0) return
    rmSync(this.#root, { recursive: true })
    this.#root = this.#nextDirectory()
    mkdirSync(this.#root)
    this.#expected = new ExpectedBlobs()
  }

  async #reopenTwice(disk: LosingDisk, root: string): Promise<string[]> {
    const names = this.#expected.names()
    const after = this.#nextDirectory()
    let observed: Map<string, Observed>
    let again: Map<string, Observed>
    const problems: string[] = []
    try {
      observed = await this.#look(disk, root, async () => disk.powerCut(after))
      again = await this.#look(new LosingDisk(after), after, async (store, seen) => {
        problems.push(...(await unlisted(store, seen)))
      })
    } catch (error) {
      return [`reopening failed: ${String(error)}`]
    }
    for (const name of names) {
      const problem = this.#expected.problemWith(name, observed.get(name) as Observed)
      if (problem !== undefined) problems.push(problem)
      const [was, is] = [observed.get(name)?.version, again.get(name)?.version]
      if (was !== is) problems.push(`${name}: served after recovery as ${was}, after another plug as ${is}`)
    }
    this.#expected.settle(again)
    rmSync(this.#root, { recursive: true })
    this.#root = after
    return problems
  }

  /** Opens the store, asks it for every name, and does one thing more before it is closed. */
  async #look(
    files: DiskFiles,
    root: string,
    then: (store: Store, observed: Map<string, Observed>) => Promise<void>,
  ): Promise<Map<string, Observed>> {
    const store = await this.#open(files, root)
    try {
      const observed = await observe(store, this.#expected.names())
      await then(store, observed)
      return observed
    } finally {
      await store.close()
    }
  }

  async #live(
    files: DiskFiles,
    { stopAfter, isStopped }: { stopAfter: () => void; isStopped: () => boolean },
  ): Promise<void> {
    const duringOpen = this.#cuts.random.chance(0.2)
    if (duringOpen) stopAfter()
    let store: Store
    try {
      store = await this.#open(files, this.#root)
    } catch (error) {
      if (isStopped()) return
      throw error
    }
    if (!duringOpen) stopAfter()
    await Promise.all(Array.from({ length: workers }, (_, worker) => this.#work(store, worker, isStopped)))
    await store.close()
  }

  async #work(store: Store, worker: number, isStopped: () => boolean): Promise<void> {
    const { random } = this.#cuts
    const expected = this.#expected
    for (let operation = 0; operation < operationsPerWorkerMax && !isStopped(); operation++) {
      const name = `blob ${random.between(1, nameCount)}`
      const data = random.chance(0.25) ? undefined : makeData(random, `${worker} ${operation} `)
      const attempt = expected.begin(name, data)
      try {
        const { version } = await (data === undefined ? store.delete(name) : store.put(name, data))
        if (isStopped()) return
        if (version === undefined) expected.drop(name, attempt)
        else expected.acknowledge(name, attempt, version)
        this.acknowledgements++
      } catch (error) {
        if (!isStopped()) throw error
      }
    }
  }

  #open(files: DiskFiles, root: string): Promise<Store> {
    const { random } = this.#cuts
    return Store.open({
      path: join(root, 'store'),
      files,
      reserveBytes: 0,
      volumeBytesMax: random.pick([64, 512]) * 1024,
      batchBlobsMax: random.pick([1, 4, 1024]),
      flushIntervalMs: 10,
    })
  }

  #nextDirectory(): string {
    return join(this.#cuts.base, `life ${++this.#directories}`)
  }
}

/** After how many operations of the disk the end comes: often early, when volumes are made. */
function pickMoment(random: SeededRandom): number {
  return random.between(1, random.chance(0.4) ? 15 : 300)
}

/** No two alike; now and then one that comes in through a file. */
function makeData(random: SeededRandom, label: string): Buffer {
  const lengthBytes = random.chance(0.005) ? random.between(1_048_577, 1_200_000) : random.between(20, 8_000)
  const data = Buffer.alloc(lengthBytes, random.bytes(64))
  data.write(label + random.next().toString(), 0)
  return data
}

/** Names that scan() gives though they are not there, or does not give though they are. */
async function unlisted(store: Store, observed: ReadonlyMap<string, Observed>): Promise<string[]> {
  const listed = new Set<string>()
  for await (const { info } of store.scan()) listed.add(info.name)
  return [...observed]
    .filter(([name, { state }]) => listed.has(name) !== (state === 'blob'))
    .map(([name]) => `${name}: not listed as it is served`)
}
