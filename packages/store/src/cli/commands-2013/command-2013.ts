// What a sibling command of 2013 is: positional arguments only, no options but --help and --version.
import type { StoreOptions } from '../../options.js'
import { parseArguments, portArgument } from '../arguments.js'
import { keyMapOf } from '../key-map-options.js'

export interface CommandOf2013 {
  /** Arguments as the usage line shows them: <needed> or [optional], in order. */
  readonly arguments: readonly string[]
  readonly about: string
  /** The arguments of an example. */
  readonly example: string
  /** Gives the exit code, 0 when it gives nothing. There are at least as many arguments as are needed. */
  run(args: readonly string[], signal: AbortSignal): Promise<number | void>
}

/** [redis host] [redis port] at the end of a command's arguments; without them the embedded key map. */
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
