// A daemon in a process of its own, made from the source, so that it can be killed and measured.
import { build } from 'esbuild'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import type { StoreOptions } from '../../src/index.js'

const startMs = 60_000
/** Private packages are only source: they go into the bundle, as they do when the package is built. */
export const privateSources = {
  '@backpack/http-rules': fileURLToPath(new URL('../../../http-rules/src/index.ts', import.meta.url)),
  '@backpack/signing': fileURLToPath(new URL('../../../signing/src/index.ts', import.meta.url)),
}

/** What helpers/daemon-main.ts is told. */
export interface DaemonOrders {
  readonly store: StoreOptions
}

/** Bundles a file of test/helpers into one that node runs; removed when the test file is done. */
export async function bundleHelper(name: string): Promise<string> {
  const outfile = fileURLToPath(
    new URL(`../../node_modules/.cache/backpack-test/${name}-${process.pid}.mjs`, import.meta.url),
  )
  await build({
    entryPoints: [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    alias: privateSources,
    logLevel: 'error',
  })
  afterAll(() => rmSync(outfile, { force: true }))
  return outfile
}

export class DaemonProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #lines: AsyncIterator<string>

  constructor(bundle: string, orders: DaemonOrders) {
    // The child ends itself when its standard input does, so that it never outlives the tests.
    this.#child = spawn(process.execPath, [bundle, JSON.stringify(orders)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#exited = once(this.#child, 'exit')
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]()
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Resolves when the store is about to be opened. */
  async opening(): Promise<void> {
    await this.#line('opening')
  }

  /** Resolves with the port once the daemon serves. Call after opening(). */
  async listening(): Promise<number> {
    return Number(await this.#line('listening'))
  }

  async #line(word: string): Promise<string> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`The daemon was not ${word} in time`)), startMs)
    })
    const next = await Promise.race([this.#lines.next(), late])
    clearTimeout(timer)
    if (next.done === true) throw new Error(`The daemon ended before it was ${word}`)
    const [said, value = ''] = next.value.split(' ')
    if (said !== word) throw new Error(`The daemon said "${next.value}", not that it was ${word}`)
    return value
  }

  /** Ends the process at once, as the kernel does, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** Ends the process as an operator does; gives its exit code. */
  async stop(): Promise<number | null> {
    this.#child.kill('SIGTERM')
    await this.#exited
    return this.#child.exitCode
  }
}
