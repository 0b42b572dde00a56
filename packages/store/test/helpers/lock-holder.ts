// Another process that holds a data directory, as a running daemon would.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { onTestFinished } from 'vitest'
import { temporaryDirectory } from './temporary-directory.js'

const holdScript = `import { DirectoryLock } from './disk/directory-lock.js'
DirectoryLock.take(process.argv[2])
process.send('held')
setInterval(() => undefined, 60_000)
`

/** Starts a process that takes the lock of the directory; it is killed when the test ends at the latest. */
export async function startLockHolder(path: string): Promise<ChildProcess> {
  const scripts = temporaryDirectory()
  mkdirSync(join(scripts, 'disk'))
  writeFileSync(join(scripts, 'package.json'), '{"type":"module"}')
  writeFileSync(join(scripts, 'hold.js'), holdScript)
  for (const file of ['errors', 'disk/directory-lock']) {
    const source = readFileSync(join(import.meta.dirname, `../../src/${file}.ts`), 'utf8')
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
    writeFileSync(join(scripts, `${file}.js`), ts.transpileModule(source, { compilerOptions }).outputText)
  }
  const holder = fork(join(scripts, 'hold.js'), [path], { execArgv: [] })
  onTestFinished(() => {
    holder.kill('SIGKILL')
  })
  await once(holder, 'message')
  return holder
}
