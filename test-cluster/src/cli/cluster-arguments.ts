// The arguments of `npm run cluster -- …`.
import { parseArgs } from 'node:util'
import type { TestClusterOptions } from '../cluster/cluster-options.js'

export const usage = [
  'Usage: npm run cluster -- [options]',
  '',
  'A cluster of real processes on this machine, until Ctrl-C: ZooKeeper, Redis, stores, coordinators, replicators.',
  '',
  '  --servers N       2: six stores, two copies (default); 3: nine stores, three copies',
  '  --zookeepers N    1 or 3 (default: 1 with two servers, 3 with three)',
  '  --redises N       1 to 3 (default: one on each server)',
  '  --capacity SIZE   of each shard (default: 100gb)',
  '  --gateway         a gateway on each coordinator, with an ACL for shard 3',
  '  --log-dir DIR     keep there what each process prints',
  '  --help',
].join('\n')

export type ClusterArguments = Pick<
  TestClusterOptions,
  'servers' | 'zookeepers' | 'redises' | 'shardCapacity' | 'gateway' | 'logDirectory'
>

/** 'help' when that is asked for. Throws TypeError with a sentence for the reader. */
export function parseClusterArguments(args: readonly string[]): ClusterArguments | 'help' {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      servers: { type: 'string' },
      zookeepers: { type: 'string' },
      redises: { type: 'string' },
      capacity: { type: 'string' },
      gateway: { type: 'boolean', default: false },
      'log-dir': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return 'help'
  const { servers, zookeepers, redises, capacity, gateway, 'log-dir': logDirectory } = values
  return {
    ...(servers === undefined ? {} : { servers: oneOf('--servers', servers, [2, 3] as const) }),
    ...(zookeepers === undefined ? {} : { zookeepers: oneOf('--zookeepers', zookeepers, [1, 3] as const) }),
    ...(redises === undefined ? {} : { redises: oneOf('--redises', redises, [1, 2, 3] as const) }),
    ...(capacity === undefined ? {} : { shardCapacity: capacity }),
    ...(gateway ? { gateway: {} } : {}),
    ...(logDirectory === undefined ? {} : { logDirectory }),
  }
}

function oneOf<Count extends number>(option: string, given: string, allowed: readonly Count[]): Count {
  const count = allowed.find((each) => String(each) === given)
  if (count === undefined) throw new TypeError(`${option} must be ${allowed.join(' or ')}, not ${given}`)
  return count
}
