// `backpack <path> <listen host> <listen port> [redis host] [redis port]`, as in 2013.

const positionalsMin = 3
const positionalsMax = 5
const defaultRedisPort = '6379'

/**
 * The same command line with `serve`, when it is one of 2013: three to five arguments that are no options and no
 * command; options of `serve` may follow. Any other comes back as it is.
 */
export function fromArgumentsOf2013(args: readonly string[], commands: readonly string[]): string[] {
  const firstOption = args.findIndex((each) => each.startsWith('-'))
  const count = firstOption === -1 ? args.length : firstOption
  const [path, host, port, redisHost, redisPort = defaultRedisPort] = args.slice(0, count)
  if (count < positionalsMin || count > positionalsMax) return [...args]
  if (path === undefined || host === undefined || port === undefined || commands.includes(path))
    return [...args]
  const served = ['serve', path, '--host', host, '--port', port]
  const redis = redisHost === undefined ? [] : ['--redis', `${bracketed(redisHost)}:${redisPort}`]
  return [...served, ...redis, ...args.slice(count)]
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
