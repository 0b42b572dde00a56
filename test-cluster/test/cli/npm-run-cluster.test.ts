// What `npm run cluster` runs once everything is built, as a process of its own.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runProgram, ServerProcess, until } from '../../src/index.js'
import { pidsNaming } from '../servers/process-states.js'

const limitMs = 120_000
const binPath = fileURLToPath(new URL('../../bin/test-cluster.cjs', import.meta.url))

describe('npm run cluster', () => {
  let temporary: string
  let server: ServerProcess | undefined

  // Everything the cluster writes lies here, and so names it in its command lines.
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'backpack-run-cluster-'))
  })

  afterEach(async () => {
    server?.kill('SIGKILL')
    await server?.ended()
    await until(() => pidsNaming(temporary).length === 0, 'its processes have ended')
    rmSync(temporary, { recursive: true, force: true })
  })

  function start(...args: readonly string[]): ServerProcess {
    const env = { ...process.env, TMPDIR: temporary }
    server = new ServerProcess(process.execPath, [binPath, ...args], { env })
    return server
  }

  it('shows a photo on its stores, stays, and leaves nothing behind after Ctrl-C', {
    timeout: limitMs,
  }, async () => {
    const cluster = start()
    await cluster.printed(/Ctrl-C stops it\./, limitMs)
    expect(cluster.output.match(/ 200 {3}sha256 [0-9a-f]{16}… {3}the same photo/g)).toHaveLength(2)
    expect(cluster.output).toMatch(
      /^ +npx backpack-cluster status --zookeeper 127\.0\.0\.1:\d+ --root \/backpack$/m,
    )
    const ports = new Set([...cluster.output.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port)))
    expect(ports.size).toBe(13)
    for (const port of ports) expect(await listens(port)).toBe(true)
    expect(pidsNaming(temporary).length).toBeGreaterThan(10)

    cluster.kill('SIGINT')
    await cluster.ended()
    expect([
      cluster.exitCode,
      cluster.output.endsWith('Everything has ended, and its files are gone.\n'),
    ]).toEqual([0, true])
    for (const port of ports) expect(await listens(port)).toBe(false)
    expect(readdirSync(temporary)).toEqual([])
    await until(() => pidsNaming(temporary).length === 0, 'its processes have ended')
  })

  it('stops at once when Ctrl-C comes while it starts', async () => {
    const cluster = start()
    await cluster.printed(/coordinators\n/, limitMs)
    cluster.kill('SIGINT')
    await cluster.ended()
    expect(cluster.exitCode).toBe(0)
    expect(readdirSync(temporary)).toEqual([])
  })

  it('leaves nothing behind when it is killed', async () => {
    const cluster = start()
    await cluster.printed(/coordinators\n/, limitMs)
    const [directory = ''] = readdirSync(temporary)
    expect(existsSync(join(temporary, directory, 'store-1'))).toBe(true)
    cluster.kill('SIGKILL')
    await cluster.ended()
    await until(() => pidsNaming(temporary).length === 0, 'its processes have ended')
    await until(() => readdirSync(temporary).length === 0, 'its files are gone')
  })

  it('says what it does not understand, and exits 2', async () => {
    const { exitCode, stderr } = await runProgram(process.execPath, [binPath, '--servers', '7'])
    expect([exitCode, stderr.split('\n')[0]]).toEqual([2, '--servers must be 2 or 3, not 7'])
  })
})

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      resolve(true)
      socket.destroy()
    })
    socket.on('error', () => resolve(false))
  })
}
