// Builds the corpus's requests, and names the blobs that are there before it is sent.

export interface PresentBlob {
  readonly name: string
  readonly data: Buffer
  readonly contentType?: string
}

/** The version that every blob below was stored with, and so its date and ETag. */
export const presentVersion = 0x0190_0000_0000_0000n | 7n
export const presentDate = new Date(Number(presentVersion >> 16n)).toUTCString()
export const largeBytes = 2_500_000

/** Bytes that say where they are, so that a wrong offset shows. */
export function patternBytes(sizeBytes: number): Buffer {
  const data = Buffer.alloc(sizeBytes)
  for (let at = 0; at + 4 <= sizeBytes; at += 4) data.writeUInt32BE(at, at)
  return data
}

export const presentBlobs: readonly PresentBlob[] = [
  { name: 'plain', data: Buffer.from('hello, world'), contentType: 'image/jpeg' },
  { name: 'untyped', data: Buffer.from('x') },
  { name: 'x', data: Buffer.from('one-byte name') },
  { name: 'n'.repeat(255), data: Buffer.from('255') },
  { name: 'n'.repeat(256), data: Buffer.from('256') },
  { name: 'n'.repeat(1024), data: Buffer.from('1024') },
  { name: 'é'.repeat(512), data: Buffer.from('512 letters of two bytes') },
  { name: '..', data: Buffer.from('two dots') },
  { name: '../../etc/passwd', data: Buffer.from('dots and slashes') },
  { name: 'a/../b', data: Buffer.from('a dot-dot b') },
  { name: 'a/b', data: Buffer.from('a slash b') },
  { name: 'a//b', data: Buffer.from('a two slashes b') },
  { name: '/lead', data: Buffer.from('leading slash') },
  { name: 'a b', data: Buffer.from('a space b') },
  { name: 'a+b', data: Buffer.from('a plus b') },
  { name: '😀.jpg', data: Buffer.from('smile') },
  { name: 'p?w=1&h=2', data: Buffer.from('with a query') },
  { name: 'p#1', data: Buffer.from('with a hash') },
  { name: '100%', data: Buffer.from('with a percent') },
  { name: '*', data: Buffer.from('star') },
  { name: 'stats2', data: Buffer.from('nearly reserved') },
  { name: '-', data: Buffer.from('a dash') },
  { name: 'medium', data: patternBytes(300_000), contentType: 'image/png' },
  { name: 'large', data: patternBytes(largeBytes), contentType: 'image/webp' },
]

export const deletedNames = ['deleted', 'deleted too']

export const host = 'Host: photos.example'

export function request(method: string, target: string, ...headers: string[]): string {
  return [`${method} ${target} HTTP/1.1`, host, ...headers, '', ''].join('\r\n')
}

export function get(target: string, ...headers: string[]): string {
  return request('GET', target, ...headers)
}

export function put(target: string, body: string, ...headers: string[]): string {
  return request('PUT', target, `Content-Length: ${body.length}`, ...headers) + body
}

/** With the headers exactly as given, Host included. */
export function bare(requestLine: string, ...headers: string[]): string {
  return [requestLine, ...headers, '', ''].join('\r\n')
}
