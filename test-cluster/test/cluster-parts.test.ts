// What needs neither coordinators nor replicators: stores, Redis and ZooKeeper as groups.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster, until } from '../src/index.js'
import { isAlive } from './servers/process-states.js'

const options = { shards: 'none', storeArguments: ['--reserve-bytes', '0'] } as const

describe('a cluster of two servers', () => {
  let cluster: TestCluster

  beforeAll(async () => {
    cluster = await TestCluster.start(options)
  })

  afterAll(async () => {
    await cluster.close()
  })

  it('has the layout of the 2013 README', () => {
    const namesOf = (id: number) =>
      cluster
        .server(id)
        .members.map(({ name }) => name)
        .sort()
    expect(namesOf(1)).toEqual(['Redis 1', 'ZooKeeper 1', 'store 1', 'store 2', 'store 3'])
    expect(namesOf(2)).toEqual(['Redis 2', 'store 4', 'store 5', 'store 6'])
    expect(Object.fromEntries(cluster.shards)).toEqual({ 1: [1, 4], 2: [2, 5], 3: [3, 6] })
    expect([...cluster.stores.keys()]).toEqual([1, 2, 3, 4, 5, 6])
    expect(cluster.members.every(({ running }) => running)).toBe(true)
  })

  it('keeps what one store has over SIGKILL and restart, at the same address', async () => {
    const store = cluster.store(4)
    const { pid, url } = store
    await cluster.ask(store, { method: 'PUT', path: '/a%20b%3Fc', body: 'kept' })
    await store.kill()
    expect(isAlive(pid)).toBe(false)
    expect(store.running).toBe(false)
    await expect(cluster.getFrom(4, 'a b?c')).rejects.toThrow()
    await store.restart()
    expect(store.url).toBe(url)
    expect(store.pid).not.toBe(pid)
    const { status, body } = await cluster.getFrom(4, 'a b?c')
    expect([status, body.toString()]).toEqual([200, 'kept'])
  })

  it('sends names as they are, dots and slashes included', async () => {
    for (const name of ['..', 'a/../b', 'é 😀%2F?x=1']) {
      const path = `/${encodeURIComponent(name).replaceAll('%2F', '/')}`
      await cluster.ask(cluster.store(1), { method: 'PUT', path, body: name })
      expect((await cluster.getFrom(1, name)).body.toString()).toBe(name)
    }
  })

  it('loses a whole server at once and gets it back whole', async () => {
    const { members } = cluster.server(1)
    const pids = members.map(({ pid }) => pid)
    const addresses = members.map(({ address }) => address)
    await cluster.server(1).kill()
    expect(pids.filter(isAlive)).toEqual([])
    expect(await cluster.zookeeperLeader()).toBeUndefined()
    expect(cluster.server(2).members.every(({ running }) => running)).toBe(true)
    await cluster.server(1).restart()
    expect(members.every(({ running }) => running)).toBe(true)
    expect(members.map(({ address }) => address)).toEqual(addresses)
    expect(await cluster.zookeeperLeader()).toBe(1)
  })

  it('takes a store more at run time', async () => {
    expect(await cluster.addStore(2)).toBe(7)
    expect(cluster.server(2).members.map(({ name }) => name)).toContain('store 7')
    expect((await cluster.ask(cluster.store(7), { path: '/-/ready' })).status).toBe(200)
  })

  it('says what it does not have', () => {
    expect(() => cluster.store(8)).toThrow('There is no store 8')
    expect(() => cluster.nodesOf('9')).toThrow('There is no shard 9')
  })
})

describe('a cluster of three servers', () => {
  it("has the talk's layout, and ZooKeeper without any one of its servers", async () => {
    await using cluster = await TestCluster.start({ ...options, servers: 3 })
    expect(Object.fromEntries(cluster.shards)).toEqual({ 1: [1, 4, 7], 2: [2, 5, 8], 3: [3, 6, 9] })
    const leader = await cluster.zookeeperLeader()
    expect(leader).toBeDefined()
    await cluster.server(leader ?? 0).kill()
    await until(async () => {
      const next = await cluster.zookeeperLeader()
      return next !== undefined && next !== leader
    }, 'another server leads')
    await cluster.server(leader ?? 0).restart()
    expect(cluster.members.every(({ running }) => running)).toBe(true)
  })
})

describe('the end of a cluster', () => {
  let temporary: string
  let before: string | undefined

  // What it makes lies here, so that nothing of other tests is counted.
  beforeAll(() => {
    before = process.env['TMPDIR']
    temporary = mkdtempSync(join(tmpdir(), 'backpack-end-'))
    process.env['TMPDIR'] = temporary
  })

  afterAll(() => {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
    rmSync(temporary, { recursive: true, force: true })
  })

  afterEach(() => {
    expect(readdirSync(temporary)).toEqual([])
  })

  it('leaves no process and no file, and may come twice', async () => {
    const cluster = await TestCluster.start(options)
    const pids = cluster.members.map(({ pid }) => pid)
    expect(pids.filter(isAlive)).toHaveLength(9)
    expect(readdirSync(temporary)).toHaveLength(1)
    await Promise.all([cluster.close(), cluster.close()])
    await cluster.close()
    expect(pids.filter(isAlive)).toEqual([])
  })

  it('comes by itself when the start fails half-way', async () => {
    const logDirectory = mkdtempSync(join(tmpdir(), 'logs-'))
    try {
      const failing = TestCluster.start({ ...options, storeArguments: ['--no-such-option'], logDirectory })
      await expect(failing).rejects.toThrow(/store \d ended/)
      expect(readFileSync(join(logDirectory, 'store-1.log'), 'utf8')).toContain('such-option')
      expect(existsSync(join(logDirectory, 'Redis-1.log'))).toBe(true)
    } finally {
      rmSync(logDirectory, { recursive: true, force: true })
    }
  })

  it('comes at once when the start is given up', async () => {
    const given = new AbortController()
    const reason = new Error('given up')
    const onStep = () => setTimeout(() => given.abort(reason), 100)
    await expect(TestCluster.start({ ...options, signal: given.signal, onStep })).rejects.toBe(reason)
  })
})

describe('options that make no cluster', () => {
  it.each([{ servers: 4 }, { zookeepers: 2 }, { redises: 0 }, { coordinators: -1 }, { replicators: 1.5 }])(
    '%o are refused',
    async (wrong) => {
      await expect(TestCluster.start(wrong as never)).rejects.toThrow(TypeError)
    },
  )
})
