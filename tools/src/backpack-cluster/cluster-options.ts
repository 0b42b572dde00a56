// Which cluster a command is about: options, else environment variables, else the embedded cluster in ./data.
import { type ClusterTree, openTree, type TreeAddress } from '@backpack/cluster-model'
import { CliError, usageError } from '@backpack/command-line'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

const defaultRoot = '/backpack'
const embeddedFile = join('.', 'data', 'cluster.json')
const group = 'Which cluster:'

export const clusterOptions = {
  zookeeper: {
    type: 'string',
    group,
    describe: 'ZooKeeper servers, host:port,host:port [BACKPACK_ZOOKEEPER]',
  },
  root: { type: 'string', group, describe: `Its root there [BACKPACK_ROOT, else ${defaultRoot}]` },
  file: {
    type: 'string',
    group,
    describe: `The file of an embedded cluster [BACKPACK_FILE, else ./${embeddedFile} if it exists]`,
  },
} as const

const optional = z.string().min(1, 'needs a value').optional()

/** To be spread into the schema of every command. */
export const clusterShape = { zookeeper: optional, root: optional, file: optional }

const schema = z.object(clusterShape)

export type ClusterArguments = z.output<typeof schema>

/** Options stand before the environment, and what both say before the file that is there. */
export function clusterAddress(
  given: ClusterArguments,
  environment: NodeJS.ProcessEnv = process.env,
): TreeAddress {
  const fromOptions = addressOf(given)
  if (fromOptions !== undefined) return fromOptions
  const fromEnvironment = addressOf({
    zookeeper: environment['BACKPACK_ZOOKEEPER'] || undefined,
    root: given.root ?? (environment['BACKPACK_ROOT'] || undefined),
    file: environment['BACKPACK_FILE'] || undefined,
  })
  if (fromEnvironment !== undefined) return fromEnvironment
  if (existsSync(embeddedFile)) return { file: embeddedFile }
  throw usageError(
    `Which cluster? Give --zookeeper host:port [--root ${defaultRoot}], or --file for an embedded one (./${embeddedFile} does not exist).`,
  )
}

function addressOf({ zookeeper, root, file }: ClusterArguments): TreeAddress | undefined {
  if (zookeeper !== undefined && file !== undefined) {
    throw usageError('A cluster is described in ZooKeeper or in a file: both are given.')
  }
  if (zookeeper !== undefined) return { zookeeper, root: root ?? defaultRoot }
  return file === undefined ? undefined : { file }
}

export function describeAddress(address: TreeAddress): string {
  return 'file' in address ? address.file : `${address.zookeeper}${address.root}`
}

/** Gives the tree to `work` and closes it, and its session with it, whatever happens. */
export async function withCluster<Result>(
  given: ClusterArguments,
  work: (tree: ClusterTree, address: TreeAddress) => Promise<Result>,
): Promise<Result> {
  const address = clusterAddress(given)
  if ('file' in address && !existsSync(address.file)) {
    throw new CliError(`${address.file} does not exist.`, {
      advice: 'An embedded cluster makes it when it starts: npm start',
    })
  }
  const tree = await openTree(address)
  try {
    return await work(tree, address)
  } finally {
    await tree.close()
  }
}
