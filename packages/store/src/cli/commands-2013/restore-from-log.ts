import {
  CliError,
  type CommandOf2013,
  countOf,
  parseArguments,
  printLine,
  printNote,
  showName,
  wholeNumberArgument,
} from '@backpack/command-line'
import { keyMapOf2013, redisArguments } from './redis-arguments.js'
import type { StoreOptions } from '../../options.js'
import { openWritable } from '../open-store.js'
import { restoreKeys } from '../restore-keys.js'

const volumeIdArgument = wholeNumberArgument({ min: 1, max: 2 ** 20 - 1 })

export const restoreFromLog: CommandOf2013 = {
  arguments: ['<path>', '<data file id>', ...redisArguments],
  about: 'Puts names that a volume holds and Redis lost back into Redis, newest first; overwrites none.',
  example: '/var/backpack 1 127.0.0.1 6379',
  async run([path = '', id = '', redisHost, redisPort], signal) {
    const volumeId = parseArguments(volumeIdArgument, id)
    const keyMap = keyMapOf2013(redisHost, redisPort)
    if (keyMap.kind === 'table') {
      await recoverIndex(path, volumeId)
      return
    }
    const restored = await restoreKeys(path, {
      keyMap,
      volumeId,
      signal,
      onRestore: (name) => printLine(`No record in redis for ${showName(name)}, restoring..`),
    })
    printNote(`Restored ${countOf(restored, 'name')}.`)
  },
}

/** The embedded key map lives in memory and is filled from the index logs, which opening a store repairs. */
async function recoverIndex(path: string, volumeId: number): Promise<void> {
  const keyMap: StoreOptions['keyMap'] = { kind: 'table' }
  const store = await openWritable(path, { quiet: false, keyMap })
  const report = store.recovery.find((each) => each.volumeId === volumeId)
  await store.close()
  if (report === undefined) throw new CliError(`There is no volume ${volumeId} in ${path}.`)
  const { adopted, indexRewritten } = report
  const found = indexRewritten
    ? `The index log of volume ${volumeId} was missing or unusable and is written anew`
    : `The index log of volume ${volumeId} is in order`
  printLine(`${found}; ${countOf(adopted, 'needle')} added to it.`)
  printNote('No Redis is given: the embedded key map is stored nowhere, a store fills it at every start.')
}
