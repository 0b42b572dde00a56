import { TemporaryDirectory, until } from '@backpack/test-cluster'
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FileTree } from '../../src/tree/file-tree.js'
import { newIdentity } from '../../src/tree/process-identity.js'
import { bytes, counter, textOf } from './tree-contract.js'
import { type TreeProcess, useTreeProcesses } from './tree-process.js'

let directory: TemporaryDirectory
let path = ''
const opened: FileTree[] = []
const processes = useTreeProcesses()

beforeEach(() => {
  directory = new TemporaryDirectory()
  path = join(directory.path, 'deep', 'cluster.json')
})

afterEach(async () => {
  await Promise.all(opened.splice(0).map((tree) => tree.close()))
  directory.remove()
})

async function open(): Promise<FileTree> {
  const tree = await FileTree.open({ path })
  opened.push(tree)
  return tree
}

const startChild = (): Promise<TreeProcess> => processes.start({ file: path })

const filesBeside = () => readdirSync(join(path, '..')).sort()

/** Of this process, if it lived in another container. */
const foreignIdentity = () => newIdentity().replace(/-[0-9a-f]{12}-/, '-000000000000-')

/** Of a process that had this one's pid and ended. */
const deadIdentity = () => newIdentity().replace(/^(\d+)-\w+-/, '$1-1-')

describe('the file of a FileTree', () => {
  test('is for its own user alone when it is made, and keeps what it is given after that', async () => {
    const modeOf = () => (statSync(path).mode & 0o777).toString(8)
    const tree = await open()
    await tree.create('/shard-acl-1', bytes('{}'))
    expect(modeOf()).toBe('600')
    chmodSync(path, 0o640)
    await tree.set('/shard-acl-1', bytes('[]'), 0)
    expect(modeOf()).toBe('640')
  })

  test('made, written and closed, can be read by a person, and is all that is left', async () => {
    const tree = await open()
    await tree.create('/servers-map', bytes('{"1":{"host":"one"}}'))
    await tree.create('/bytes', Buffer.from([0xff, 0x00]))
    await tree.create('/daemons', bytes(''), { ephemeral: true })
    expect(filesBeside().length).toBe(2)
    await tree.close()
    expect(filesBeside()).toEqual(['cluster.json'])
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      format: 'backpack-tree',
      formatVersion: 1,
      nodes: {
        '/servers-map': { text: '{"1":{"host":"one"}}', version: 0 },
        '/bytes': { base64: '/wA=', version: 0 },
      },
    })
    expect(Object.keys((JSON.parse(readFileSync(path, 'utf8')) as { nodes: object }).nodes)).not.toContain(
      '/daemons',
    )
  })

  test('opened again, has what was written', async () => {
    const tree = await open()
    await tree.create('/queue', bytes('one'))
    await tree.set('/queue', bytes('two'), 0)
    await tree.close()
    expect(await (await open()).get('/queue')).toEqual({ data: bytes('two'), version: 1 })
  })

  test('damaged, is refused with what is wrong and left as it is', async () => {
    const tree = await open()
    await tree.create('/queue', bytes('one'))
    await tree.close()
    const good = readFileSync(path, 'utf8')
    const damages = [
      '',
      good.slice(0, good.length / 2),
      '[]',
      good.replace('"backpack-tree"', '"other"'),
      good.replace('"formatVersion": 1', '"formatVersion": 2'),
      good.replace('"/queue"', '"/no-parent/queue"'),
      good.replace('"/queue"', '"queue"'),
      good.replace('"version": 0', '"version": -1'),
      good.replace('"text": "one"', '"text": 1'),
    ]
    for (const text of damages) {
      expect(text).not.toBe(good)
      writeFileSync(path, text)
      await expect(FileTree.open({ path })).rejects.toMatchObject({
        code: 'TREE_DAMAGED',
        message: expect.stringContaining(path) as string,
      })
      expect(readFileSync(path, 'utf8')).toBe(text)
    }
    expect(filesBeside()).toEqual(['cluster.json'])
  })

  test('damaged while it is open, makes the tree away until it is mended, and then all watches are told', async () => {
    const tree = await open()
    await tree.create('/queue', bytes('one'))
    const good = readFileSync(path, 'utf8')
    const states: string[] = []
    tree.onState((state) => states.push(state))
    const count = counter()
    tree.watchNode('/queue', count.tell)
    writeFileSync(path, good.slice(10))
    await until(() => tree.state === 'away', 'the damage is noticed')
    await expect(tree.get('/queue')).rejects.toMatchObject({ code: 'TREE_DAMAGED' })
    await expect(tree.set('/queue', bytes('two'), 0)).rejects.toMatchObject({ code: 'TREE_DAMAGED' })
    rmSync(path)
    await expect(tree.get('/queue')).rejects.toMatchObject({ code: 'TREE_AWAY' })
    writeFileSync(path, good)
    await until(() => tree.state === 'connected', 'it is mended')
    expect(states).toEqual(['away', 'connected'])
    expect(count.told).toBe(1)
    expect(await tree.set('/queue', bytes('two'), 0)).toBe(1)
  })

  test('edited by hand, without another version, is told of and seen', async () => {
    const tree = await open()
    await tree.create('/queue', bytes('one'))
    const count = counter()
    tree.watchNode('/queue', count.tell)
    writeFileSync(path, readFileSync(path, 'utf8').replace('"one"', '"two"'))
    await until(() => count.told > 0, 'the edit is noticed')
    expect(await textOf(tree, '/queue')).toBe('two')
  })
})

describe('what a killed process leaves', () => {
  test('half a temporary file and a lock is ignored and removed at the next change', async () => {
    const tree = await open()
    await tree.create('/queue', bytes('one'))
    const dead = deadIdentity()
    writeFileSync(`${path}.lock-${dead}`, '')
    writeFileSync(`${path}.tmp-${dead}`, '{"format": "backpa')
    const other = await open()
    expect(await textOf(other, '/queue')).toBe('one')
    expect(await other.set('/queue', bytes('two'), 0)).toBe(1)
    expect(filesBeside()).toEqual(['cluster.json'])
  })

  test('ephemeral nodes of a reused pid are not believed, and are swept at the next change', async () => {
    const tree = await open()
    await tree.create('/turn', bytes('dead'), { ephemeral: true })
    const [owner = ''] = filesBeside().filter((name) => name.includes('.owner-'))
    const identity = owner.slice('cluster.json.owner-'.length)
    const dead = deadIdentity()
    const text = readFileSync(path, 'utf8').replaceAll(identity, dead)
    writeFileSync(`${path}.owner-${dead}`, '')
    await tree.close()
    writeFileSync(path, text)
    const other = await open()
    expect(await other.get('/turn')).toBeUndefined()
    expect(readFileSync(path, 'utf8')).toContain(dead)
    await other.create('/turn', bytes('living'), { ephemeral: true })
    expect(readFileSync(path, 'utf8')).not.toContain(dead)
    expect(existsSync(`${path}.owner-${dead}`)).toBe(false)
  })

  test('processes killed in the midst of their changes damage nothing and stop nobody', async () => {
    const tree = await open()
    await tree.create('/count', bytes('0'))
    for (let round = 0; round < 4; round++) {
      const child = await startChild()
      const before = (await tree.get('/count'))?.version ?? 0
      // It does not come to the end of them.
      const increments = child.ask({ what: 'increment', path: '/count', times: 1_000_000 })
      const outcome = increments.then(
        () => 'ended',
        () => 'killed',
      )
      const some = before + 5 + 3 * round
      await until(async () => ((await tree.get('/count'))?.version ?? 0) >= some, 'it has begun')
      await child.kill()
      expect(await outcome).toBe('killed')
      const node = await tree.get('/count')
      expect(node?.data.toString()).toBe(String(node?.version))
      await tree.set('/count', bytes(String((node?.version ?? 0) + 1)), node?.version ?? 0)
    }
    expect(filesBeside()).toEqual(['cluster.json'])
  })
})

describe('several processes on one file', () => {
  test('increments by three processes at once lose none', async () => {
    const tree = await open()
    await tree.create('/count', bytes('0'))
    const three = await Promise.all([startChild(), startChild(), startChild()])
    await Promise.all(three.map((child) => child.ask({ what: 'increment', path: '/count', times: 40 })))
    expect(await tree.get('/count')).toEqual({ data: bytes('120'), version: 120 })
    expect(filesBeside()).toEqual(['cluster.json'])
  })

  test('a lock whose holder lives is waited for, and throws TREE_AWAY with its pid when it is not released', async () => {
    const tree = await open()
    const lock = `${path}.lock-${newIdentity()}`
    writeFileSync(lock, '')
    await expect(tree.create('/queue', bytes(''))).rejects.toMatchObject({
      code: 'TREE_AWAY',
      details: { pid: process.pid },
    })
    const creation = tree.create('/queue', bytes(''))
    rmSync(lock)
    await creation
    expect(await tree.children('/')).toEqual(['queue'])
  })

  test('a holder and an owner in another container are believed while they are fresh', async () => {
    const tree = await open()
    await tree.create('/turn', bytes('x'), { ephemeral: true })
    const [owner = ''] = filesBeside().filter((name) => name.includes('.owner-'))
    const foreign = foreignIdentity()
    const text = readFileSync(path, 'utf8').replaceAll(owner.slice('cluster.json.owner-'.length), foreign)
    await tree.close()
    writeFileSync(path, text)
    writeFileSync(`${path}.owner-${foreign}`, '')
    const other = await open()
    expect(await other.get('/turn')).toMatchObject({ ephemeral: 'foreign' })
    const longAgo = new Date(Date.now() - 60_000)
    utimesSync(`${path}.owner-${foreign}`, longAgo, longAgo)
    expect(await other.get('/turn')).toBeUndefined()
    writeFileSync(`${path}.lock-${foreign}`, '')
    utimesSync(`${path}.lock-${foreign}`, longAgo, longAgo)
    await other.create('/queue', bytes(''))
    expect(filesBeside()).toEqual(['cluster.json'])
  })

  test('a reader beside a writer never sees half a file', async () => {
    const [tree, other] = [await open(), await open()]
    await tree.create('/queue', bytes(''))
    const large = 'x'.repeat(200_000)
    const writing = (async () => {
      for (let version = 0; version < 30; version++) await tree.set('/queue', bytes(large), version)
    })()
    let done = false
    void writing.finally(() => {
      done = true
    })
    while (!done) {
      const length = (await other.get('/queue'))?.data.length
      expect([0, large.length]).toContain(length)
    }
    await writing
    expect(statSync(path).size).toBeGreaterThan(large.length)
  })
})
