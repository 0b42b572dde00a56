// --redis and --redis-prefix: which key map a command opens the store with.
import { z } from 'zod'
import type { StoreOptions } from '../options.js'

export const keyMapOptions = {
  redis: {
    type: 'string',
    describe: 'Keep the key map in this Redis (host:port) instead of in memory',
  },
  'redis-prefix': {
    type: 'string',
    describe: "Put this before every Redis key; '' gives the plain keys of 2013",
    implies: 'redis',
  },
} as const

const defaultRedisPort = 6379
/** host, host:port, [IPv6] or [IPv6]:port */
const addressPattern = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i
const addressMessage = 'must be host:port, such as 127.0.0.1:6379'

export const redisAddressArgument = z.string(addressMessage).transform((text, context) => {
  const [, ipv6, name, port] = addressPattern.exec(text) ?? []
  const host = ipv6 ?? name
  const portNumber = port === undefined ? defaultRedisPort : Number(port)
  if (host === undefined || portNumber < 1 || portNumber > 65_535) {
    context.addIssue({ code: 'custom', message: addressMessage })
    return z.NEVER
  }
  return { host, port: portNumber }
})

/** To be spread into a command's schema. */
export const keyMapArguments = {
  redis: redisAddressArgument.optional(),
  redisPrefix: z.string().optional(),
}

/** The `keyMap` option of Store.open for these arguments. */
export function keyMapOf({
  redis,
  redisPrefix = '',
}: {
  redis?: { host: string; port: number } | undefined
  redisPrefix?: string | undefined
}): NonNullable<StoreOptions['keyMap']> {
  return redis === undefined ? { kind: 'table' } : { kind: 'redis', redis: { ...redis, prefix: redisPrefix } }
}
