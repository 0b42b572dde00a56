// compose.yaml cannot be started where these tests run: its structure is checked, and the script that describes its cluster is
// run for real.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runProgram, ZooKeeperEnsemble } from '../../src/index.js'
import { readYaml, type YamlValue } from './read-yaml.js'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
const workspaceFolder = dirname(packageFolder.replace(/\/$/, ''))
const compose = readYaml(readFileSync(join(packageFolder, 'compose.yaml'), 'utf8'))
const services = mapOf(compose['services'])

describe('compose.yaml', () => {
  it('has the parts of the 2013 README', () => {
    expect(Object.keys(services).sort()).toEqual([
      'coordinator-1',
      'coordinator-2',
      'describe',
      'redis-1',
      'redis-2',
      'replicator-1',
      'replicator-2',
      ...[1, 2, 3, 4, 5, 6].map((id) => `store-${id}`),
      'workspace',
      'zookeeper',
    ])
  })

  it.each(Object.keys(services))('%s uses what is there', (name) => {
    const { image, command, volumes = [], depends_on: needs } = mapOf(services[name])
    expect(image).toMatch(/^(node:20|redis:7|zookeeper:3\.8)$/)
    for (const needed of Object.keys(mapOf(needs))) expect(services).toHaveProperty(needed)
    for (const volume of listOf(volumes)) {
      const [source = ''] = volume.split(':')
      if (source !== '..') expect(Object.keys(mapOf(compose['volumes']))).toContain(source)
    }
    for (const [path] of String(command).matchAll(/(packages|tools|test-cluster)\/\S+\.\w+/g)) {
      expect(existsSync(join(workspaceFolder, path))).toBe(true)
    }
  })

  it('publishes each port once, for this machine only, where its service listens', () => {
    const published = Object.values(services).flatMap((service) =>
      listOf(mapOf(service)['ports'] ?? []).map((port) => ({
        port,
        command: String(mapOf(service)['command']),
      })),
    )
    expect(new Set(published.map(({ port }) => port)).size).toBe(8)
    for (const { port, command } of published) {
      const [, listening = ''] = /^127\.0\.0\.1:(\d+):\1$/.exec(port) ?? []
      expect(command).toMatch(new RegExp(` ${listening}$`))
    }
  })

  it('is described to ZooKeeper as it is', async () => {
    const zookeeper = await ZooKeeperEnsemble.start()
    try {
      const where = [zookeeper.connectString, '/backpack']
      const run = (program: string, ...args: readonly string[]) =>
        runProgram(program, [...args, ...where], { cwd: workspaceFolder, limitMs: 120_000 })
      expect(await run('sh', 'test-cluster/describe-cluster.sh')).toMatchObject({ exitCode: 0 })
      const dump = await run('node', 'packages/coordinator/bin/backpack-coordinator-dump-shards.cjs')
      const place = (id: number) => {
        const [, port] = / --port (\d+)$/.exec(String(mapOf(services[`store-${id}`])['command'])) ?? []
        return { host: `store-${id}`, port }
      }
      expect(JSON.parse(dump.stdout)).toEqual(
        Object.fromEntries(
          [1, 2, 3].map((id) => [id, { enabled: true, nodes: { [id]: place(id), [id + 3]: place(id + 3) } }]),
        ),
      )
    } finally {
      await zookeeper.close()
    }
  })
})

function mapOf(value: YamlValue): { [key: string]: YamlValue } {
  if (value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw new TypeError(`${String(value)} is no map`)
  return value
}

function listOf(value: YamlValue): string[] {
  if (!Array.isArray(value)) throw new TypeError(`${String(value)} is no list`)
  return value.map(String)
}
