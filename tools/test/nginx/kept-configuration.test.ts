// What --watch does, with a real nginx that reads the file: written, checked, reloaded, or kept.
import type { ClusterSnapshot, ClusterWatch } from '@backpack/cluster-model'
import { TemporaryDirectory } from '@backpack/test-cluster'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { followModel } from '../../src/nginx/follow-model.js'
import { KeptConfiguration } from '../../src/nginx/kept-configuration.js'
import { nginxOptions, snapshotOf } from './snapshots.js'
import { startTier } from './start-tier.js'
import { ask, putOn, startNode } from './store-nodes.js'

const said: string[] = []

beforeEach(() => {
  said.length = 0
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.push(String(text).trimEnd())
    return true
  })
  onTestFinished(() => write.mockRestore())
})

function modelOf(...args: Parameters<typeof snapshotOf>): ClusterSnapshot {
  return {
    servers: new Map(),
    queue: undefined,
    daemons: [],
    adminAccess: 'open',
    problems: [],
    ...snapshotOf(...args),
  }
}

/** A model that the test changes. */
class HandMadeWatch implements ClusterWatch {
  snapshot: ClusterSnapshot
  readonly #listeners = new Set<(snapshot: ClusterSnapshot) => void>()

  constructor(snapshot: ClusterSnapshot) {
    this.snapshot = snapshot
  }

  become(snapshot: ClusterSnapshot): void {
    this.snapshot = snapshot
    for (const listener of this.#listeners) listener(snapshot)
  }

  onChange(listener: (snapshot: ClusterSnapshot) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#listeners.clear()
  }
}

async function startEdge() {
  const [first, second] = [await startNode(), await startNode()]
  await putOn(first, '/a', Buffer.from('of the first'))
  await putOn(second, '/a', Buffer.from('of the second'))
  const edge = await startTier({}, modelOf({ 1: [first] }))
  const options = nginxOptions({ listen: [`127.0.0.1:${edge.port}`], workDirectory: edge.directory })
  return { first, second, edge, kept: new KeptConfiguration(edge.configPath, options, undefined) }
}

test('the running nginx follows the model: a shard comes, moves, and goes, without a failed request', async () => {
  const { first, second, edge, kept } = await startEdge()
  const watch = new HandMadeWatch(modelOf({ 1: [first] }))
  const ending = new AbortController()
  const following = followModel(watch, (snapshot) => kept.bringUpTo(snapshot), { signal: ending.signal })
  const statuses = new Set<number>()
  const load = (async () => {
    while (!ending.signal.aborted) statuses.add((await ask(edge.port, '/1:a')).status)
  })()
  const poll = (target: string) => {
    return expect.poll(async () => {
      const { status, body } = await ask(edge.port, target)
      return status === 200 ? body.toString() : status
    })
  }
  watch.become(modelOf({ 1: [first], new: [first] }))
  await poll('/new:a').toBe('of the first')
  watch.become(modelOf({ 1: [first], new: [second] }))
  await poll('/new:a').toBe('of the second')
  watch.become(modelOf({ 1: [first] }))
  await poll('/new:a').toBe(404)
  ending.abort()
  await Promise.all([following, load])
  expect([...statuses]).toEqual([200])
  expect(readdirSync(edge.directory).filter((name) => name.endsWith('.new'))).toEqual([])
})

test('many changes at once make one reload, changes of sizes none', async () => {
  const { first, edge, kept } = await startEdge()
  const watch = new HandMadeWatch(modelOf({ 1: [first] }))
  const ending = new AbortController()
  const worked: ClusterSnapshot[] = []
  const following = followModel(
    watch,
    async (snapshot) => {
      const succeeded = await kept.bringUpTo(snapshot)
      worked.push(snapshot)
      return succeeded
    },
    { signal: ending.signal },
  )
  await expect.poll(() => worked.length).toBe(1)
  for (let id = 2; id <= 50; id++) {
    watch.become(modelOf({ 1: [first], [id]: [first] }))
    await setImmediate()
  }
  await expect.poll(() => worked.at(-1)).toBe(watch.snapshot)
  watch.become({ ...watch.snapshot, daemons: [] })
  await expect.poll(() => worked.at(-1)).toBe(watch.snapshot)
  ending.abort()
  await following
  expect(said.filter((text) => text === `${edge.configPath} is written.`)).toHaveLength(1)
  // The other one is at the start, for a file that was written and not read before.
  expect(said.filter((text) => text === 'nginx reloads.')).toHaveLength(2)
})

test('what nginx refuses does not replace the file, and is said once', async () => {
  const { first, edge, kept } = await startEdge()
  expect(await kept.bringUpTo(modelOf({ 1: [first] }))).toBe(true)
  const before = readFileSync(edge.configPath, 'utf8')
  const refused = modelOf({ 1: [{ host: 'no-such-host.invalid', port: 9001 }] })
  expect(await kept.bringUpTo(refused)).toBe(false)
  expect(await kept.bringUpTo(refused)).toBe(false)
  expect(readFileSync(edge.configPath, 'utf8')).toBe(before)
  expect(readdirSync(edge.directory).filter((name) => name.endsWith('.new'))).toEqual([])
  expect((await ask(edge.port, '/1:a')).status).toBe(200)
  expect(said.filter((text) => text.includes('nginx refuses the new one'))).toHaveLength(1)
  expect(said.join('\n')).toContain('host not found in upstream')
})

test('a model without shards does not replace a file that is there', async () => {
  const { first, edge, kept } = await startEdge()
  await kept.bringUpTo(modelOf({ 1: [first] }))
  const before = readFileSync(edge.configPath, 'utf8')
  expect(await kept.bringUpTo(modelOf({}))).toBe(false)
  expect(readFileSync(edge.configPath, 'utf8')).toBe(before)
  expect(said).toContain(`${edge.configPath} is kept: the model has no shards.`)
})

test('nginx is not running: the file is written, the reload is tried again', async () => {
  const { second, edge, kept } = await startEdge()
  await edge.stop()
  expect(await kept.bringUpTo(modelOf({ 1: [second] }))).toBe(false)
  expect(said.join('\n')).toContain('nginx cannot be told to reload')
  await edge.restart()
  expect((await ask(edge.port, '/1:a')).body.toString()).toBe('of the second')
  expect(await kept.bringUpTo(modelOf({ 1: [second] }))).toBe(true)
  expect(said.at(-1)).toBe('nginx reloads.')
})

test('a reload command is run by a shell instead, and its failure is said', async () => {
  const directory = new TemporaryDirectory()
  onTestFinished(() => directory.remove())
  const path = join(directory.path, 'nginx.conf')
  const mark = join(directory.path, 'mark')
  const options = nginxOptions({ listen: ['127.0.0.1:18080'], workDirectory: directory.path })
  const model = modelOf({ 1: [{ host: '127.0.0.1', port: 9001 }] })
  expect(await new KeptConfiguration(path, options, `echo here > ${mark}`).bringUpTo(model)).toBe(true)
  expect(readFileSync(mark, 'utf8')).toBe('here\n')
  expect(await new KeptConfiguration(path, options, 'echo why it failed; exit 3').bringUpTo(model)).toBe(
    false,
  )
  expect(said.at(-1)).toBe('nginx cannot be told to reload:\nwhy it failed')
})

test('warnings are said once for as long as they hold', async () => {
  const { first, kept } = await startEdge()
  const lacking = {
    ...modelOf({ 1: [first], 2: [] }),
    problems: ['Shard 2 names server 9, which is unknown'],
  }
  await kept.bringUpTo(lacking)
  await kept.bringUpTo({ ...lacking })
  expect(said.filter((text) => text.includes('Shard 2'))).toEqual([
    'Warning: Shard 2 names server 9, which is unknown.\nWarning: Shard 2 has no nodes: its photos are answered with 503.',
  ])
})

test('a file that cannot be written is an error that names it', async () => {
  const options = nginxOptions()
  const kept = new KeptConfiguration('/no/such/directory/nginx.conf', options, undefined)
  await expect(kept.bringUpTo(modelOf({}))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(existsSync('/no/such/directory')).toBe(false)
})

test('a half-written candidate of a killed process is not taken for the file', async () => {
  const { first, edge, kept } = await startEdge()
  writeFileSync(`${edge.configPath}.1.new`, 'half')
  expect(await kept.bringUpTo(modelOf({ 1: [first] }))).toBe(true)
  expect((await ask(edge.port, '/1:a')).status).toBe(200)
})
