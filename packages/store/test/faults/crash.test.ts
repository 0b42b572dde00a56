// SIGKILL at any moment: nothing acknowledged is lost, nothing half-written is served, nothing deleted comes back.
import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { StoreOptions, StoreStats } from '../../src/index.js'
import { CrashClient } from '../helpers/crash-client.js'
import { CrashJournal } from '../helpers/crash-journal.js'
import { until } from '../helpers/daemon.js'
import { bundleHelper, DaemonProcess } from '../helpers/daemon-process.js'
import { faultCount } from '../helpers/fault-count.js'
import { printedRandom, type SeededRandom } from '../helpers/seeded-random.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'

const operationsMax = 5_000
/** In milliseconds; how far a kill comes into the load, and into an opening. */
const loadMs = { least: 5, most: 500 }
const openingMs = { least: 0, most: 40 }

interface Plan {
  readonly title: string
  readonly options: Partial<StoreOptions>
  readonly kills: { readonly short: number; readonly full: number }
  /** Kills the recovery too, now and then. */
  readonly killsOpening: boolean
  /** Removes, cuts or garbles index logs before a restart, now and then. */
  readonly harmsIndex: boolean
}

const plans: readonly Plan[] = [
  {
    title: 'durability sync',
    options: {},
    kills: { short: 5, full: 200 },
    killsOpening: false,
    harmsIndex: false,
  },
  {
    title: 'durability os',
    options: { durability: 'os' },
    kills: { short: 3, full: 200 },
    killsOpening: false,
    harmsIndex: false,
  },
  {
    title: 'small volumes, index logs lost, recovery killed',
    options: { volumeBytesMax: 6 * 1024 * 1024, flushIntervalMs: 10 },
    kills: { short: 3, full: 200 },
    killsOpening: true,
    harmsIndex: true,
  },
]

let bundle: string
beforeAll(async () => {
  bundle = await bundleHelper('daemon-main')
})

test.each(plans)('every name is as acknowledged after each SIGKILL ($title)', async (plan) => {
  const kills = faultCount(`SIGKILLs, ${plan.title}`, plan.kills)
  const random = printedRandom(`crash, ${plan.title}`)
  const journal = new CrashJournal(random, { names: 400 })
  const path = temporaryDirectory()
  const crashing = new CrashingDaemon({ store: { ...plan.options, path, reserveBytes: 0 } }, random, plan)
  onTestFinished(() => crashing.end())

  for (let kill = 0; kill < kills; kill++) {
    const client = new CrashClient(await crashing.start(), journal)
    await client.verify()
    const load = client.load(operationsMax)
    // The others may come before anything was acknowledged; a slow machine must not make all of them come then.
    if (kill === 0) await until(() => journal.acknowledgedPuts > kills, 'puts are acknowledged')
    await sleep(random.between(loadMs.least, loadMs.most))
    await crashing.kill()
    await load
    await client.close()
    if (plan.harmsIndex && random.chance(0.5)) await harmIndexLogs(join(path, 'volumes'), random)
  }
  const client = new CrashClient(await crashing.start(), journal)
  await client.verify()
  const stats = (await client.getJson('/-/stats')) as StoreStats
  await client.close()
  expect(stats.damagedReads).toBe(0)
  expect(await crashing.stop()).toBe(0)
  console.log(
    `${plan.title}: ${kills} SIGKILLs under load, ${crashing.openingsKilled} while opening; ` +
      `${journal.acknowledgedPuts} PUTs and ${journal.acknowledgedDeletes} DELETEs acknowledged, ` +
      `${journal.cutOff} cut off, of which ${journal.cutOffDone} had happened; ${stats.volumes.length} volumes`,
  )
  expect(journal.acknowledgedPuts).toBeGreaterThan(kills)
  expect(journal.cutOff).toBeGreaterThan(0)
})

/** Starts the daemon on one directory again and again, and kills some starts before they serve. */
class CrashingDaemon {
  readonly #orders: { store: StoreOptions }
  readonly #random: SeededRandom
  readonly #plan: Plan
  #process: DaemonProcess | undefined
  openingsKilled = 0

  constructor(orders: { store: StoreOptions }, random: SeededRandom, plan: Plan) {
    this.#orders = orders
    this.#random = random
    this.#plan = plan
  }

  async start(): Promise<number> {
    for (let attempt = 0; attempt < 3 && this.#plan.killsOpening && this.#random.chance(0.5); attempt++) {
      const early = new DaemonProcess(bundle, this.#orders)
      this.#process = early
      await early.opening()
      await sleep(this.#random.between(openingMs.least, openingMs.most))
      await early.kill()
      this.openingsKilled++
    }
    this.#process = new DaemonProcess(bundle, this.#orders)
    await this.#process.opening()
    return this.#process.listening()
  }

  async kill(): Promise<void> {
    await this.#process?.kill()
  }

  stop(): Promise<number | null> | undefined {
    return this.#process?.stop()
  }

  async end(): Promise<void> {
    await this.#process?.kill()
  }
}

async function harmIndexLogs(directory: string, random: SeededRandom): Promise<void> {
  const logs = readdirSync(directory).filter((name) => name.endsWith('.index'))
  for (let count = Math.min(3, logs.length); count > 0; count--) {
    const path = join(directory, random.pick(logs))
    const harm = random.pick(['remove', 'cut', 'garble'] as const)
    const size = (await stat(path).catch(() => undefined))?.size
    if (size === undefined) continue
    if (harm === 'remove') rmSync(path)
    else if (harm === 'cut') truncateSync(path, random.between(0, size))
    else writeFileSync(path, random.bytes(random.between(0, 5_000)))
  }
}
