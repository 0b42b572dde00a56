// A node that lost its disk, among nodes that go on taking photos: it is refilled by comparing.
import { expect, test } from 'vitest'
import { repairShard } from '../../src/repair/repair-shard.js'
import {
  contentsOf,
  hoursAgo,
  openClient,
  plainCopies,
  startNodes,
  type StoreNode,
} from '../repair/store-nodes.js'

const full = process.env['BACKPACK_FAULTS_FULL'] === '1'
const blobs = full ? 20_000 : 300
const atOnce = 100

test(`a lost node of ${blobs} blobs is refilled while photos come in, are overwritten and deleted`, async () => {
  const nodes = await startNodes(2)
  const [kept, lost] = nodes as [StoreNode, StoreNode]
  const put = (name: string, text: string, hours: number) => {
    const version = hoursAgo(hours)
    return Promise.all(nodes.map((node) => node.store().put(name, Buffer.from(text.repeat(50)), { version })))
  }
  for (let number = 0; number < blobs; number += atOnce) {
    await Promise.all(
      Array.from({ length: atOnce }, (_, at) =>
        put(`photos/${number + at}.jpg`, `photo ${number + at}`, (number + at) / 20),
      ),
    )
  }
  await lost.wipe()

  const client = openClient()
  const { copyTask } = plainCopies(nodes, client)
  let copies = 0
  const repair = () =>
    repairShard({
      shard: { id: '1', nodes },
      nodes: client,
      beforeMs: Date.now() + 60_000,
      copyTask: async (task, signal) => {
        // What the lost node takes meanwhile must not be undone by an older copy.
        const number = copies++
        if (number % 50 === 0) {
          await put(`new/${number}`, 'new', 0)
          await put(`photos/${number}.jpg`, 'overwritten', 0)
          const version = hoursAgo(0)
          for (const { store } of nodes) await store().delete(`photos/${number + 1}.jpg`, { version })
        }
        return copyTask(task, signal)
      },
      signal: new AbortController().signal,
      limits: { sliceNamesMax: 1_000 },
    })
  const report = await repair()
  expect(report).toMatchObject({ failed: 0, complete: true })
  expect(report.copied).toBeGreaterThan(blobs / 2)
  await repair()
  expect(await contentsOf(lost.store())).toEqual(await contentsOf(kept.store()))
  expect(await repair()).toMatchObject({ differing: 0, copied: 0 })
})
