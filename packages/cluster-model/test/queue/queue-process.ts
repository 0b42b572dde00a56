// Another process with a local queue open, made from the source, that can be killed.
import { spawnClean } from '@backpack/test-cluster'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import ts from 'typescript'
import { afterAll } from 'vitest'
import type { Order, Reply } from './queue-child.js'

const packageDirectory = join(import.meta.dirname, '../..')
/** Below node_modules, where its imports are found. */
const outputDirectory = join(packageDirectory, `node_modules/.cache/queue-child-${process.pid}`)

export class QueueProcess {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  readonly #lines: string[] = []
  #heard: () => void = () => {}
  #isOver = false

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'close')
    if (child.stdout === null) throw new TypeError('The child has no output')
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#lines.push(line)
      this.#heard()
    })
    child.once('close', () => {
      this.#isOver = true
      this.#heard()
    })
  }

  /** Resolves once its queue is open. `fileBytesMax`: no file it writes may grow beyond. To be killed by the caller. */
  static async start(
    directory: string,
    { fileBytesMax }: { fileBytesMax?: number } = {},
  ): Promise<QueueProcess> {
    const limit = fileBytesMax === undefined ? '' : `ulimit -S -f ${Math.ceil(fileBytesMax / 1024)}; `
    const args = ['-c', `${limit}exec "$@"`, 'bash', process.execPath, transpile()]
    const child = new QueueProcess(spawnClean('bash', args, { stdio: ['pipe', 'pipe', 'inherit'] }))
    await child.ask({ what: 'open', directory })
    return child
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** What it printed and was not a reply. */
  get lines(): readonly string[] {
    return this.#lines
  }

  /** The code it failed with. */
  async ask(order: Order): Promise<string | undefined> {
    this.tell(order)
    while (true) {
      const at = this.#lines.findIndex((line) => line.startsWith('{'))
      if (at !== -1) return (JSON.parse(this.#lines.splice(at, 1)[0] as string) as Reply).error
      if (this.#isOver) throw new Error(`The child ended instead of ${order.what}`)
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }

  tell(order: Order): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`)
  }

  /** Resolves once all it printed was read. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

let transpiled = false

/** The sources that the child needs, as JavaScript; removed when the test file is done. */
function transpile(): string {
  const main = join(outputDirectory, 'test/queue/queue-child.js')
  if (transpiled) return main
  transpiled = true
  afterAll(() => rmSync(outputDirectory, { recursive: true, force: true }))
  const folders = ['src/queue', 'src/schema'].flatMap((folder) => {
    return readdirSync(join(packageDirectory, folder)).map((name) => `${folder}/${name}`)
  })
  for (const file of [...folders, 'src/errors.ts', 'test/queue/queue-child.ts']) {
    const source = readFileSync(join(packageDirectory, file), 'utf8')
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    const path = join(outputDirectory, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, ts.transpileModule(source, { compilerOptions }).outputText)
  }
  writeFileSync(join(outputDirectory, 'package.json'), '{"type":"module"}')
  return main
}
