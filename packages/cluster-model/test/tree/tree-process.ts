// Another process with a tree open, that can be killed or stopped. It is made from the source.
import { spawnClean } from '@backpack/test-cluster'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import ts from 'typescript'
import { afterAll } from 'vitest'
import type { TreeAddress } from '../../src/tree/open-tree.js'
import type { Order, Reply } from './tree-child.js'

const packageDirectory = join(import.meta.dirname, '../..')
/** Below node_modules, where its imports are found. */
const outputDirectory = join(packageDirectory, `node_modules/.cache/tree-child-${process.pid}`)
const answerMs = 20_000

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

  /** Resolves once its tree is open. To be killed by the caller; it also ends when this process does. */
  static async start(address: TreeAddress, options: object = {}): Promise<TreeProcess> {
    const main = transpile()
    const child = spawnClean(process.execPath, [main], { stdio: ['pipe', 'pipe', 'inherit'] })
    const tree = new TreeProcess(child)
    await tree.ask({ what: 'open', address, options })
    return tree
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

let transpiled = false

/** The sources that the child needs, as JavaScript; removed when the test file is done. */
function transpile(): string {
  const main = join(outputDirectory, 'test/tree/tree-child.js')
  if (transpiled) return main
  transpiled = true
  afterAll(() => rmSync(outputDirectory, { recursive: true, force: true }))
  const trees = readdirSync(join(packageDirectory, 'src/tree')).map((name) => `src/tree/${name}`)
  for (const file of [...trees, 'src/errors.ts', 'src/schema/addresses.ts', 'test/tree/tree-child.ts']) {
    const source = readFileSync(join(packageDirectory, file), 'utf8')
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    const path = join(outputDirectory, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, ts.transpileModule(source, { compilerOptions }).outputText)
  }
  writeFileSync(join(outputDirectory, 'package.json'), '{"type":"module"}')
  return main
}
