// A cluster in a file, with the servers of Backrunner's manual and its bucket file, as valid JSON.
import { addServer, type ClusterTree, initCluster, openTree } from '@backpack/cluster-model'
import { TemporaryDirectory } from '@backpack/test-cluster'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { backpackCluster, type CliResult, type RunOptions } from './built-cluster-cli.js'

export const readerToken = 'secure unused wildcard token'
export const writerToken = 'secure token'
export const adminToken = 'secure admin token'

/** `admin` is ours, all else is the manual's. */
export const bucketFile = {
  generic: {
    acl: [
      { user: '*', token: readerToken, flags: 1 },
      { user: 'writer', token: writerToken, flags: 2 },
    ],
    flags: 0,
    'max-size': 0,
    'max-key-num': 0,
  },
  buckets: {
    b1: { groups: [1, 2] },
    b2: { groups: [3, 4] },
    b3: { groups: [5, 6] },
    b4: { groups: [7, 8, 9] },
    b5: { groups: [10, 11, 12] },
  },
  admin: { acl: [{ user: 'root', token: adminToken, flags: 4 }] },
}

export class BucketCluster {
  readonly #directory = new TemporaryDirectory()
  readonly file = join(this.#directory.path, 'cluster.json')
  /** The bucket file. */
  readonly buckets = this.write('buckets.json', JSON.stringify(bucketFile))

  async initialise(): Promise<void> {
    await this.edit(async (tree) => {
      await initCluster(tree, { queueKey: 'q', queueServers: [] })
      for (let id = 1; id <= 12; id++) {
        await addServer(tree, { id: String(id), url: `http://host-${id}:1`, ifExists: 'refuse' })
      }
    })
  }

  async edit<Result>(work: (tree: ClusterTree) => Promise<Result>): Promise<Result> {
    const tree = await openTree({ file: this.file })
    try {
      return await work(tree)
    } finally {
      await tree.close()
    }
  }

  /** Gives the path of a file with this text. */
  write(name: string, text: string): string {
    const path = join(this.#directory.path, name)
    writeFileSync(path, text)
    return path
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<CliResult> {
    return backpackCluster([...args, '--file', this.file], options)
  }

  remove(): void {
    this.#directory.remove()
  }
}
