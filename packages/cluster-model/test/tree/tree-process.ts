// Another process with a tree open, that can be killed or stopped. It is made from the source.
import { spawnClean } from '@backpack/test-cluster'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import ts from 'typescript'
import { afterAll, afterEach } from 'vitest'
import type { TreeAddress } from '../../src/tree/open-tree.js'
import type { Order, Reply } from './tree-child.js'

const packageDirectory = join(import.meta.dirname, '../..')
/** Below node_modules, where its imports are found. */
const outputDirectory = join(packageDirectory, `node_modules/.cache/tree-child-${process.pid}`)
const answerMs = 20_000

export interface TreeProcesses {
  /** Resolves once its tree is open. Killed after the test, if it still runs; it also ends when this process does. */
  start(address: TreeAddress, options?: object): Promise<TreeProcess>
}

/** To be called once in a test file or a describe(). */
export function useTreeProcesses(): TreeProcesses {
  const started: TreeProcess[] = []
  afterEach(async () => {
    await Promise.all(started.splice(0).map((each) => each.kill()))
  })
  afterAll(() => rmSync(outputDirectory, { recursive: true, force: true }))
  return {
    async start(address, options = {}) {
      const child = TreeProcess.run(transpile())
      started.push(child)
      await child.ask({ what: 'open', address, options })
      return child
    },
  }
}

export class TreeProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown>
  readonly #replies: AsyncIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#exited = once(child, 'exit')
    if (child.stdout === null) throw new TypeError('The child has no output')
    this.#replies = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  static run(main: string): TreeProcess {
    return new TreeProcess(spawnClean(process.execPath, [main], { stdio: ['pipe', 'pipe', 'inherit'] }))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async create(path: string, data: string, { ephemeral = false } = {}): Promise<void> {
    await this.ask({ what: 'create', path, data, ephemeral })
  }

  /** Resolves once it is held. */
  async takeTurn(path: string): Promise<void> {
    await this.ask({ what: 'turn', path })
  }

  /** One order at a time. */
  async ask(order: Order): Promise<Reply> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`The child did not ${order.what} in time`)), answerMs)
    })
    try {
      const next = await Promise.race([this.#replies.next(), late])
      if (next.done === true) throw new Error(`The child ended instead of ${order.what}`)
      const reply = JSON.parse(next.value) as Reply
      if (reply.error !== undefined) throw new Error(`The child: ${reply.error}`)
      return reply
    } finally {
      clearTimeout(timer)
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}

/** The sources that the child needs, as JavaScript. */
function transpile(): string {
  const main = join(outputDirectory, 'test/tree/tree-child.js')
  if (existsSync(main)) return main
  mkdirSync(outputDirectory, { recursive: true })
  writeFileSync(join(outputDirectory, 'package.json'), '{"type":"module"}')
  const trees = readdirSync(join(packageDirectory, 'src/tree')).map((name) => `src/tree/${name}`)
  // The last is what tells that all are there.
  for (const file of [...trees, 'src/errors.ts', 'src/schema/addresses.ts', 'test/tree/tree-child.ts']) {
    const source = readFileSync(join(packageDirectory, file), 'utf8')
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    const path = join(outputDirectory, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, ts.transpileModule(source, { compilerOptions }).outputText)
  }
  return main
}
