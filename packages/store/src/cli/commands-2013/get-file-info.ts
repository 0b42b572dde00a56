import { CliError, type CommandOf2013, printLine, showName, toJson } from '@backpack/command-line'
import { keyMapOf2013, redisArguments } from './redis-arguments.js'
import { describeBlob } from '../describe-blob.js'
import { openReadOnly } from '../open-store.js'

export const getFileInfo: CommandOf2013 = {
  arguments: ['<path>', '<name>', ...redisArguments],
  about: 'Prints where a blob is: volume, offset, length.',
  example: '/var/backpack my/hosts',
  async run([path = '', name = '', redisHost, redisPort]) {
    const store = await openReadOnly(path, { quiet: false, keyMap: keyMapOf2013(redisHost, redisPort) })
    try {
      const info = await store.head(name)
      if (info === undefined) throw new CliError(`There is no blob named ${showName(name)}.`)
      printLine(`Value: ${toJson(describeBlob(info))}`)
    } finally {
      await store.close()
    }
  },
}
