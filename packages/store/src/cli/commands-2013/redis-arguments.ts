// [redis host] [redis port] at the end of a command's arguments; without them the embedded key map.
import { parseArguments, portArgument } from '@backpack/command-line'
import type { StoreOptions } from '../../options.js'
import { keyMapOf } from '../key-map-options.js'

export const redisArguments = ['[redis host]', '[redis port]'] as const

const defaultRedisPort = '6379'

/** Throws CliError when the port is none. */
export function keyMapOf2013(
  host: string | undefined,
  port: string = defaultRedisPort,
): NonNullable<StoreOptions['keyMap']> {
  if (host === undefined) return keyMapOf({})
  return keyMapOf({ redis: { host, port: parseArguments(portArgument, port) } })
}
