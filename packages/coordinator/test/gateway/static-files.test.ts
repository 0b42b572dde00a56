import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { send } from '../helpers/http-request.js'
import { requestOnce } from '../helpers/raw-http.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { smallGateway } from './small-gateway.js'

const secret = 'nobody may see this'
const policy = '<cross-domain-policy/>'

/** A root with everything that could go wrong in it, reached through a link itself, and a neighbour of a similar name. */
function makeRoot(): { root: string; outside: string } {
  const directory = temporaryDirectory()
  const real = join(directory, 'real')
  const root = join(directory, 'root')
  const outside = join(directory, 'real-too')
  mkdirSync(join(real, 'folder', '.hidden'), { recursive: true })
  mkdirSync(outside)
  symlinkSync(real, root)
  writeFileSync(join(outside, 'secret.txt'), secret)
  writeFileSync(join(real, '.htpasswd'), secret)
  writeFileSync(join(real, 'folder', '.hidden', 'secret.txt'), secret)
  writeFileSync(join(real, 'crossdomain.xml'), policy)
  writeFileSync(join(real, 'folder', 'a b ü%2e.txt'), 'abcdefghij')
  writeFileSync(join(real, 'folder', 'index.html'), '<p>hello</p>')
  writeFileSync(join(real, 'empty'), '')
  symlinkSync(join(outside, 'secret.txt'), join(real, 'link-out'))
  symlinkSync(outside, join(real, 'folder-out'))
  symlinkSync('../real-too/secret.txt', join(real, 'link-up'))
  symlinkSync('crossdomain.xml', join(real, 'link-in'))
  symlinkSync('.htpasswd', join(real, 'link-hidden'))
  symlinkSync('loop', join(real, 'loop'))
  linkSync(join(real, 'crossdomain.xml'), join(real, 'get.xml'))
  execFileSync('mkfifo', [join(real, 'pipe')])
  return { root, outside }
}

describe('static files', () => {
  it('are served with type, date, ranges and conditions', async () => {
    const { root } = makeRoot()
    const { gatewayPort } = await smallGateway({
      nodesPerShard: [1],
      proxy: { root, headers: { 'X-Ours': 'yes' } },
    })
    const get = (path: string, headers: Record<string, string> = {}) =>
      send(gatewayPort, 'GET', path, { headers })
    const answer = await get('/crossdomain.xml?v=1')
    expect([answer.status, answer.body.toString()]).toEqual([200, policy])
    expect(answer.headers).toMatchObject({
      'content-type': 'application/xml',
      'content-length': String(policy.length),
      'x-content-type-options': 'nosniff',
      'x-ours': 'yes',
    })
    expect(answer.headers['cache-control']).toBeUndefined()
    const head = await send(gatewayPort, 'HEAD', '/crossdomain.xml')
    const { date: _, ...headers } = answer.headers
    expect([head.status, head.body.length]).toEqual([200, 0])
    expect(head.headers).toMatchObject(headers)

    const file = '/folder/a%20b%20%C3%BC%252e.txt'
    expect((await get(file)).body.toString()).toBe('abcdefghij')
    const part = await get(file, { Range: 'bytes=2-4' })
    expect([part.status, part.body.toString(), part.headers['content-range']]).toEqual([
      206,
      'cde',
      'bytes 2-4/10',
    ])
    const outside = await get(file, { Range: 'bytes=10-' })
    expect([outside.status, outside.headers['content-range']]).toEqual([416, 'bytes */10'])
    expect(outside.headers['content-type']).toBe('text/plain; charset=utf-8')
    const { etag = '', 'last-modified': modified = '' } = part.headers
    expect((await get(file, { 'If-None-Match': etag })).status).toBe(304)
    expect((await get(file, { 'If-Modified-Since': modified })).status).toBe(304)
    expect((await get(file, { 'If-Match': '"another"' })).status).toBe(412)
    const empty = await get('/empty')
    expect([empty.status, empty.headers['content-length']]).toEqual([200, '0'])
    expect((await get('/link-in')).body.toString()).toBe(policy)
    expect((await get('/get.xml')).body.toString()).toBe(policy)
  })

  it('never come from outside of the root, whatever the target says', async () => {
    const { root, outside } = makeRoot()
    const { gatewayPort } = await smallGateway({ nodesPerShard: [1], proxy: { root } })
    const climbs = ['..', '%2e%2e', '.%2e', '%2E.', '%252e%252e', '..%00', '%c0%ae%c0%ae', '..;', '...']
    const slashes = ['/', '//', '%2f', '%2F', '%5c', '\\', '/./', '%252f']
    const upwards = climbs.flatMap((climb) =>
      slashes.map((slash) => `/${climb}${slash}real-too${slash}secret.txt`),
    )
    const deeper = upwards.map((path) => `/folder${path.replace('/', '/x/../../')}`)
    const targets = [
      ...upwards,
      ...deeper,
      `${outside}/secret.txt`,
      `/${outside}/secret.txt`,
      '/file:///etc/passwd',
      '/link-out',
      '/link-up',
      '/folder-out/secret.txt',
      '/link-hidden',
      '/.htpasswd',
      '/%2ehtpasswd',
      '/folder/.hidden/secret.txt',
      '/folder/%2Ehidden/secret.txt',
      '/crossdomain.xml%00.txt',
      '/crossdomain.xml/',
      '/crossdomain.xml/x',
      '/loop',
      '/pipe',
      '/folder',
      '/folder/',
      '/',
      '//',
      '/*',
      `/${'x'.repeat(5_000)}`,
      `/${'x/'.repeat(2_000)}x`,
    ]
    for (const path of targets) {
      const { status, body } = await requestOnce(gatewayPort, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
      expect([path, status === 404 || status === 400]).toEqual([path, true])
      expect(body.toString()).not.toContain(secret)
    }
  })

  it('are 503 with no root configured, and 404 with a root that is not there', async () => {
    const without = await smallGateway({ nodesPerShard: [1] })
    expect((await send(without.gatewayPort, 'GET', '/crossdomain.xml')).status).toBe(503)
    const gone = await smallGateway({
      nodesPerShard: [1],
      proxy: { root: join(temporaryDirectory(), 'gone') },
    })
    expect((await send(gone.gatewayPort, 'GET', '/crossdomain.xml')).status).toBe(404)
  })

  it('are only read', async () => {
    const { root } = makeRoot()
    const { gatewayPort } = await smallGateway({ nodesPerShard: [1], proxy: { root } })
    for (const method of ['PUT', 'POST', 'DELETE']) {
      expect((await send(gatewayPort, method, '/crossdomain.xml', { body: 'x' })).status).toBe(400)
    }
  })
})
