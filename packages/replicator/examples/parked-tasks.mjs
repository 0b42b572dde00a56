// Lists the tasks that were set aside, with their reasons, and tries them again.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalQueue } from '@backpack/replicator'

const directory = await mkdtemp(join(tmpdir(), 'backpack-'))
const queue = await LocalQueue.open({ directory })

// Here nobody works: this program claims the task itself and sets it aside, as a replicator does that finds no source.
await queue.push([{ op: 'copy', shard: '1', path: '/lost.jpg', from: ['1'], to: '4' }])
const [claim] = await queue.claim({ limit: 1, leaseMs: 1_000 })
await queue.park(claim.id, 'No node has the blob: 1 answers 404')

for (const { task, reason } of await queue.parked(100)) {
  console.log(`${task.path} to server ${task.to}: ${reason}`)
}

// The photo was put back: try again.
console.log('retried:', await queue.retry())
const { due, parked } = await queue.figures()
console.log({ due, parked })

await queue.close()
await rm(directory, { recursive: true })
