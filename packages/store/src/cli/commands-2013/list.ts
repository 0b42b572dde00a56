import { type CommandOf2013, printLine } from '@backpack/command-line'
import { keyMapOf2013, redisArguments } from './redis-arguments.js'
import { openReadOnly } from '../open-store.js'

export const list: CommandOf2013 = {
  arguments: ['<path>', ...redisArguments],
  about: 'Prints for each volume its id, its size in bytes, and 1 when it is read-only or 0.',
  example: '/var/backpack',
  async run([path = '', redisHost, redisPort]) {
    const store = await openReadOnly(path, { quiet: false, keyMap: keyMapOf2013(redisHost, redisPort) })
    try {
      const { volumes } = await store.stats()
      for (const { id, sizeBytes, writable } of volumes) printLine(`${id} ${sizeBytes} ${writable ? 0 : 1}`)
    } finally {
      await store.close()
    }
  },
}
