// A gateway's request targets: `/<handler>/<shard>/<key>?<query>`. Keys may hold slashes, and everything is
// percent-decoded exactly once. Pure.
import { ClusterError } from '@backpack/cluster-model'

const controlCharacter = /[\u0000-\u001f\u007f]/

export interface GatewayTarget {
  /** The first part of the path; '' for `/`. */
  readonly handler: string
  /** What stands behind the handler and its slash, decoded; '' when nothing does. */
  readonly rest: string
  /** The whole path, decoded: what signatures cover. */
  readonly path: string
  /** Undefined without a `?`. Names and values decoded, in their order. */
  readonly query: readonly (readonly [string, string])[] | undefined
}

/** Without decoding anything: for the router. */
export function handlerOf(target: string): string {
  const from = target.startsWith('/') ? 1 : 0
  const end = target.slice(from).search(/[/?]/)
  return end < 0 ? target.slice(from) : target.slice(from, from + end)
}

/** Throws REQUEST_INVALID for a target that is no path or not valid percent-encoded UTF-8, or holds control characters. */
export function parseGatewayTarget(target: string): GatewayTarget {
  if (!target.startsWith('/'))
    throw new ClusterError('REQUEST_INVALID', 'The request target must begin with a slash')
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const path = decodeOnce(rawPath)
  if (controlCharacter.test(path)) {
    throw new ClusterError('REQUEST_INVALID', 'A path must hold no control characters')
  }
  const handler = handlerOf(target)
  return {
    handler,
    // The handler is taken as it came: one that is escaped is none.
    rest: path.slice(handler.length + 2),
    path,
    query: mark < 0 ? undefined : parseQuery(target.slice(mark + 1)),
  }
}

/** The shard and the key of `<shard>/<key>`. Throws REQUEST_INVALID when one of them is missing. */
export function shardAndKey({ handler, rest }: GatewayTarget): {
  readonly shardId: string
  readonly key: string
} {
  const slash = rest.indexOf('/')
  if (slash < 1 || slash === rest.length - 1) {
    throw new ClusterError('REQUEST_INVALID', `The address is /${handler}/<bucket>/<key>`)
  }
  return { shardId: rest.slice(0, slash), key: rest.slice(slash + 1) }
}

/** As URLSearchParams reads it, which costs more than what most queries need. */
function parseQuery(text: string): (readonly [string, string])[] {
  if (/[%+?]/.test(text)) return [...new URLSearchParams(text)]
  return text
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=')
      return equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)]
    })
}

function decodeOnce(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw new ClusterError('REQUEST_INVALID', 'The path is not valid percent-encoded UTF-8')
  }
}
