import { CliError, type CommandOf2013, printLine } from '@backpack/command-line'
import { keyMapOf2013, redisArguments } from './redis-arguments.js'
import { StoreError } from '../../errors.js'
import { openWritable } from '../open-store.js'
import { refuseDirectoryOf2013 } from '../refuse-directory-2013.js'

export const add: CommandOf2013 = {
  arguments: ['<path>', ...redisArguments],
  about: 'Adds an empty volume to a store; the store is made when missing.',
  example: '/var/backpack',
  async run([path = '', redisHost, redisPort]) {
    const keyMap = keyMapOf2013(redisHost, redisPort)
    refuseDirectoryOf2013(path)
    const store = await openWritable(path, { quiet: false, keyMap }).catch(explainLock)
    try {
      printLine(`Successfully registered file #${await store.addVolume()}`)
    } finally {
      await store.close()
    }
  },
}

function explainLock(error: unknown): never {
  if (!(error instanceof StoreError) || error.code !== 'DIRECTORY_LOCKED') throw error
  throw new CliError(error.message, {
    advice: 'A running store opens its next volume by itself when one is full: there is no need to add any.',
    cause: error,
  })
}
