// `backpack-replicator-push`: queues one copy by hand, as in 2013.
import { addressListSchema, RedisQueue } from '@backpack/cluster-model'
import { type CommandOf2013, parseArguments, printLine } from '@backpack/command-line'
import { z } from 'zod'

const idPattern = /^[A-Za-z0-9_-]{1,32}$/
const idMessage = 'must be the id of a server'

const schema = z.object({
  redisServers: addressListSchema,
  redisKey: z.string().min(1, 'must be the key of the queue'),
  from: z
    .string()
    .transform((text) => text.split(',').map((id) => id.trim()))
    .pipe(z.array(z.string().regex(idPattern, 'must be ids of servers, with commas between')).min(1)),
  to: z.string().regex(idPattern, idMessage),
  path: z
    .string()
    .startsWith('/', 'must begin with a slash')
    .min(2, 'must be / and a name')
    .transform(asTarget),
})

export const pushCommand: CommandOf2013 = {
  arguments: [
    '<zk_servers>',
    '</zk/root>',
    '<redis servers>',
    '<redis key>',
    '<from,from>',
    '<to>',
    '</path>',
  ],
  about: [
    'Queues one copy by hand: the photo at </path>, percent-encoded as in a URL, from one of the servers <from>',
    'to the server <to>.',
  ].join('\n'),
  example: 'one:2181 /backpack one:13001,two:13002 backpack-queue 1 4 /pets/cat.jpg',
  async run([, , redisServers, redisKey, from, to, path]) {
    const checked = parseArguments(schema, { redisServers, redisKey, from, to, path })
    const queue = RedisQueue.open({ key: checked.redisKey, servers: checked.redisServers })
    try {
      await queue.push([
        {
          op: 'copy',
          shard: undefined,
          path: checked.path,
          version: undefined,
          from: checked.from,
          to: checked.to,
        },
      ])
    } finally {
      await queue.close()
    }
    printLine('Pushed!')
  },
}

/** What cannot stand in a request target is encoded; what is encoded already stays so. */
function asTarget(path: string): string {
  return path.toWellFormed().replace(/[^\u0021-\u007e]+/gu, (part) => encodeURIComponent(part))
}
