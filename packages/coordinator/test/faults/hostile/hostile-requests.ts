// Raw requests that no honest client sends, drawn from a seed: smuggling, odd targets, methods, headers and bodies, cut
// off, one behind the other, and with flipped bytes. Some are signed, so that they come far.
import { pathOfName } from '@backpack/cluster-model'
import { authorizationOf, linkOf } from '../../gateway/small-gateway.js'
import { toBytes } from '../../helpers/raw-http.js'
import type { SeededRandom } from '../../helpers/seeded-random.js'
import { oddBodyChunks, oddHeaders, oddMethods, oddStarts } from './hostile-parts.js'
import { smuggled } from './hostile-smuggling.js'
import {
  brokenEncoding,
  longTarget,
  oddQuery,
  oddTarget,
  type OutsideFile,
  throughLink,
  traversal,
} from './hostile-targets.js'

export interface HostileRequest {
  readonly kind: string
  readonly bytes: Buffer
  /** An answer is due without anything more from the client. */
  readonly whole: boolean
}

export type Listener = 'gateway' | 'plain'

/** Blobs that are there before, and that nobody is allowed to delete. */
export const victims = ['victim', 'sub/victim', 'a b'] as const

const signedBody = 'meow meow meow'

export class HostileRequests {
  readonly #random: SeededRandom
  readonly #listener: Listener
  readonly #outside: OutsideFile
  /** Names that somebody who may signed an upload of. */
  readonly uploadable = new Set<string>()
  /** What a name was hidden in that nobody may store. */
  readonly hiding = new Map<string, string>()
  #count = 0

  constructor(random: SeededRandom, { listener, outside }: { listener: Listener; outside: OutsideFile }) {
    this.#random = random
    this.#listener = listener
    this.#outside = outside
  }

  next(): HostileRequest {
    const random = this.#random
    const kinds: Readonly<Record<string, () => Omit<HostileRequest, 'kind'>>> = {
      traversal: () => this.#ofTarget(traversal(random, this.#outside)),
      link: () => this.#ofTarget(throughLink(random)),
      encoding: () => this.#ofTarget(brokenEncoding(random)),
      target: () => this.#ofTarget(oddTarget(random)),
      query: () => this.#ofTarget(oddQuery(random)),
      long: () => this.#ofTarget(longTarget(random)),
      smuggling: () => this.#smuggling(),
      method: () => this.#oddMethod(),
      headers: () => this.#oddHeaders(),
      start: () => this.#oddStart(),
      body: () => this.#oddBody(),
      cut: () => this.#cut(),
      pipelined: () => this.#pipelined(),
      flipped: () => this.#flipped(),
    }
    const kind = random.pick(Object.keys(kinds))
    return { kind, ...(kinds[kind] as () => Omit<HostileRequest, 'kind'>)() }
  }

  #ofTarget(target: string): Omit<HostileRequest, 'kind'> {
    const method = this.#random.pick(['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE'])
    return { bytes: toBytes(request({ method, target, headers: ['Content-Length: 0'] })), whole: true }
  }

  #smuggling(): Omit<HostileRequest, 'kind'> {
    // It would be let in: that it must not be seen as a request at all is what is tested.
    const inner = this.#upload('smuggled/', { mayHappen: false })
    const outer = this.#upload('signed/', { mayHappen: true })
    const text = smuggled(this.#random, { inner, outer })
    this.hiding.set(`smuggled/${this.#listener}-${this.#count - 1}`, text)
    return { bytes: toBytes(text), whole: false }
  }

  #oddMethod(): Omit<HostileRequest, 'kind'> {
    const random = this.#random
    const target = random.chance(0.5)
      ? oddTarget(random)
      : random.pick(['/get/1/victim', '/1:victim', '/stat', '/hello.txt'])
    const headers = random.chance(0.5) ? ['Content-Length: 0'] : []
    return { bytes: toBytes(request({ method: random.pick(oddMethods), target, headers })), whole: false }
  }

  #oddHeaders(): Omit<HostileRequest, 'kind'> {
    const random = this.#random
    const target = random.pick([
      '/get/1/victim',
      '/1:victim',
      '/hello.txt',
      '/ping',
      '/redirect/1/victim',
      '/-/live',
    ])
    const [path = ''] = target.split('?')
    const signed = `Authorization: ${authorizationOf({ user: 'wendy', method: 'GET', path })}`
    const headers = random.chance(0.7) ? [signed] : []
    for (let at = random.between(1, 4); at > 0; at--) headers.push(...oddHeaders(random))
    return {
      bytes: toBytes(request({ method: random.pick(['GET', 'HEAD']), target, headers })),
      whole: false,
    }
  }

  #oddStart(): Omit<HostileRequest, 'kind'> {
    const random = this.#random
    const start = random.pick(oddStarts)
    const bytes = random.chance(0.2) ? random.bytes(random.between(1, 2_000)) : toBytes(start)
    return { bytes, whole: false }
  }

  #oddBody(): Omit<HostileRequest, 'kind'> {
    const random = this.#random
    const body = random.pick(oddBodyChunks(random))
    const method = this.#listener === 'plain' ? random.pick(['PUT', 'POST']) : 'POST'
    const path = random.pick(
      this.#listener === 'plain'
        ? ['/-/queue/retry', '/signed/body']
        : ['/bulk_delete/1', '/update_local_config/'],
    )
    const user = path.startsWith('/bulk') || path.startsWith('/signed') ? 'wendy' : 'root'
    if (path === '/signed/body') this.uploadable.add('signed/body')
    const headers = [
      `Authorization: ${authorizationOf({ user, method, path })}`,
      'Content-Type: application/json',
      random.chance(0.8) ? `Content-Length: ${body.length}` : 'Transfer-Encoding: chunked',
    ]
    return { bytes: Buffer.concat([toBytes(request({ method, target: path, headers })), body]), whole: false }
  }

  #cut(): Omit<HostileRequest, 'kind'> {
    const bytes = this.#valid()
    return { bytes: bytes.subarray(0, this.#random.between(0, bytes.length - 1)), whole: false }
  }

  #pipelined(): Omit<HostileRequest, 'kind'> {
    const random = this.#random
    const parts: Buffer[] = []
    for (let at = random.between(2, 8); at > 0; at--) {
      parts.push(random.chance(0.5) ? this.#valid() : this.#ofTarget(traversal(random, this.#outside)).bytes)
    }
    return { bytes: Buffer.concat(parts), whole: true }
  }

  #flipped(): Omit<HostileRequest, 'kind'> {
    const random = this.#random
    let bytes: Buffer = Buffer.from(this.#valid())
    for (let at = random.between(1, 4); at > 0; at--) {
      const place = random.between(0, bytes.length - 1)
      if (random.chance(0.6)) bytes[place] = bytes[place]! ^ (1 << random.between(0, 7))
      else if (random.chance(0.5))
        bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)])
      else bytes = Buffer.concat([bytes.subarray(0, place), random.bytes(1), bytes.subarray(place)])
    }
    return { bytes, whole: false }
  }

  /** One that is let in. */
  #valid(): Buffer {
    const random = this.#random
    const upload = () => this.#upload('signed/', { mayHappen: true })
    const plain = this.#listener === 'plain'
    const signed = (method: string, path: string, user = 'wendy') => {
      const target = pathOfName(path.slice(1))
      if (!plain && random.chance(0.5))
        return request({ method, target: linkOf({ user, method, path }), headers: ['Content-Length: 0'] })
      const Authorization = authorizationOf({ user, method, path, headers: { 'X-Ell-A': 'b' } })
      return request({
        method,
        target,
        headers: [`Authorization: ${Authorization}`, 'X-Ell-A: b', 'Content-Length: 0'],
      })
    }
    const name = random.pick(victims)
    const requests = plain
      ? [
          () => signed('GET', `/1:${name}`),
          () => signed('HEAD', `/1:${name}`),
          () => signed('DELETE', '/1:nobody'),
          upload,
        ]
      : [
          () => signed('GET', `/get/1/${name}`),
          () => signed('HEAD', `/get/1/${name}`),
          () => signed('GET', `/lookup/1/${name}`),
          () => signed('GET', `/redirect/1/${name}`),
          () => signed('POST', '/delete/1/nobody'),
          () => signed('GET', '/stat/[1]', 'root'),
          () => signed('GET', '/proxy_stat/', 'root'),
          upload,
        ]
    return toBytes(random.pick(requests)())
  }

  #upload(folder: string, { mayHappen }: { mayHappen: boolean }): string {
    const key = `${folder}${this.#listener}-${++this.#count}`
    if (mayHappen) this.uploadable.add(key)
    const method = 'PUT'
    const path = this.#listener === 'plain' ? `/${key}` : `/upload/1/${key}`
    const Authorization = authorizationOf({ user: 'wendy', method, path })
    const headers = [`Authorization: ${Authorization}`, `Content-Length: ${signedBody.length}`]
    return request({ method, target: path, headers, body: signedBody })
  }
}

export function request({
  method,
  target,
  headers = [],
  body = '',
}: {
  readonly method: string
  readonly target: string
  readonly headers?: readonly string[]
  readonly body?: string
}): string {
  return [`${method} ${target} HTTP/1.1`, 'Host: photos', ...headers, '', body].join('\r\n')
}
