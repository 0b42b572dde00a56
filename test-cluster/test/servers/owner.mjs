// A process that starts a server and makes a directory, says which, and waits to be killed. It uses what was built.
import { readFileSync } from 'node:fs'
import { ServerProcess, TemporaryDirectory } from '../../dist/index.js'

const directory = new TemporaryDirectory()
const server = new ServerProcess('bash', ['-c', 'sleep 1000 & echo "started $!"; wait'], {
  cwd: directory.path,
})
const [, worker] = await server.printed(/started (\d+)/)
const facts = { directory: directory.path, server: server.pid, worker: Number(worker) }
process.stdout.write(`${JSON.stringify(facts)}\n`)
readFileSync(0)
