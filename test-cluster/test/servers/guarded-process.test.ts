import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readdirSync, readlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { ServerProcess, spawnClean, until } from '../../src/index.js'
import { isAlive } from './process-states.js'

const ownerPath = fileURLToPath(new URL('owner.mjs', import.meta.url))
const servers: ServerProcess[] = []

function start(program: string, args: readonly string[]): ServerProcess {
  const server = new ServerProcess(program, args)
  servers.push(server)
  return server
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.kill('SIGKILL')
    await server.ended()
  }
})

describe('spawnClean', () => {
  it('gives a program no descriptor but its standard streams', async () => {
    const descriptor = openSync(fileURLToPath(import.meta.url), 'r')
    const child = spawnClean('sleep', ['1000'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor, descriptor],
    })
    try {
      const { pid } = child
      await until(() => readlinkSync(`/proc/${pid}/exe`).endsWith('sleep'), 'the program runs')
      expect(readdirSync(`/proc/${pid}/fd`).sort()).toEqual(['0', '1', '2'])
    } finally {
      closeSync(descriptor)
      child.kill('SIGKILL')
    }
  })
})

describe('a server process', () => {
  it('is heard on both streams', async () => {
    const server = start('bash', ['-c', 'echo out; echo err >&2'])
    await server.ended()
    expect(server.output.split('\n').sort()).toEqual(['', 'err', 'out'])
  })

  it('that ends by itself takes along what it started', async () => {
    const server = start('bash', ['-c', 'sleep 1000 & echo "started $!"; exit 3'])
    const [, worker] = await server.printed(/started (\d+)/)
    await server.ended()
    expect(server.exitCode).toBe(3)
    await until(() => !isAlive(Number(worker)), 'its worker has ended')
  })

  it('that ends before it serves is reported at once, with what it said', async () => {
    const server = start('bash', ['-c', 'echo "no such luck"; exit 1'])
    await expect(server.serves('It', () => Promise.resolve(false), 60_000)).rejects.toThrow(
      /It ended:\nno such luck/,
    )
  })

  it('of a program that does not exist is reported too', async () => {
    const server = start('backpack-no-such-program', [])
    await expect(server.serves('It', () => Promise.resolve(false))).rejects.toThrow(/not found/)
  })
})

interface OwnerFacts {
  readonly directory: string
  readonly server: number
  readonly worker: number
}

describe('an owner', () => {
  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'that dies of %s leaves no server and no directory',
    async (signal) => {
      const owner = spawn(process.execPath, [ownerPath], { stdio: ['pipe', 'pipe', 'inherit'] })
      try {
        const [line] = (await once(owner.stdout, 'data')) as [Buffer]
        const { server, worker, directory } = JSON.parse(line.toString()) as OwnerFacts
        expect([server, worker].map(isAlive)).toEqual([true, true])
        expect(existsSync(directory)).toBe(true)
        owner.kill(signal)
        await until(() => !isAlive(server) && !isAlive(worker), 'the servers have ended')
        await until(() => !existsSync(directory), 'the directory is gone')
      } finally {
        owner.kill('SIGKILL')
      }
    },
  )
})
