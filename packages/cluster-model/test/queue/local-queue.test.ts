import { TemporaryDirectory } from '@backpack/test-cluster'
import { afterAll } from 'vitest'
import { LocalQueue } from '../../src/queue/local-queue.js'
import { testQueueContract } from './queue-contract.js'

const directories: TemporaryDirectory[] = []

afterAll(() => {
  for (const directory of directories) directory.remove()
})

testQueueContract('local queue', {
  async open(limits) {
    const directory = new TemporaryDirectory()
    directories.push(directory)
    const queue = await LocalQueue.open({ directory: directory.path, limits })
    return [queue, queue]
  },
})
