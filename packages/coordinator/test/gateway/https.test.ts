// The gateway's listeners: HTTP, HTTPS or both, certificates that change, connections that stay idle, and the end of all.
import { freePort } from '@backpack/test-cluster'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, renameSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect as connectTcp, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { GatewayListening } from '../../src/gateway/start-gateway.js'
import { send } from '../helpers/http-request.js'
import { RawConnection } from '../helpers/raw-http.js'
import { type ClusterPlan, type SmallCluster, smallCluster } from '../helpers/small-cluster.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { thrownBy } from '../helpers/thrown.js'
import { until } from '../helpers/until.js'
import { makeCertificate } from './make-certificate.js'

const any = '127.0.0.1:0'
/** A process that gets no processor for so long would lose a connection before it has read its request. */
const idleSeconds = 2
let directory = ''
let logged: string[] = []

beforeEach(() => {
  directory = temporaryDirectory()
  logged = []
})

interface Started {
  readonly cluster: SmallCluster
  readonly gateway: GatewayListening
  readonly port: (secure: boolean) => number
}

const configFile = () => join(directory, 'gateway.json')
const configure = (proxy: object) => writeFileSync(configFile(), JSON.stringify({ proxy }))
const files = { cert_file: 'site.crt', key_file: 'site.key' }

async function started(proxy: object, plan: ClusterPlan = {}): Promise<Started> {
  configure(proxy)
  const note = (_details: object, message: string) => void logged.push(message)
  const log = { info: note, warn: note, error: note }
  const cluster = await smallCluster({ ...plan, options: { log } })
  const gateway = await cluster.coordinator.listenGateway({ configFile: configFile() })
  const port = (secure: boolean) => {
    const door = gateway.doors.find((each) => each.secure === secure)
    if (door === undefined) throw new Error('There is no such door')
    return door.port
  }
  return { cluster, gateway, port }
}

async function secured(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** The common name of the certificate that a new connection meets. */
async function nameMet(port: number): Promise<string> {
  const socket = await secured(port)
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

function sendSecurely(
  port: number,
  method: string,
  path: string,
  body?: Buffer,
): Promise<{ status: number; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Length': body.length }
    const client = request(
      { port, host: '127.0.0.1', method, path, headers, rejectUnauthorized: false, agent: false },
      (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => parts.push(part))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }))
      },
    )
    client.on('error', reject)
    client.end(body)
  })
}

describe('HTTPS', () => {
  test('beside HTTP serves the same photos, large ones too', async () => {
    makeCertificate(directory, 'site')
    const { gateway, port } = await started({ address: any, https_address: any, ...files })
    expect(gateway.doors.map(({ url }) => url.replace(/\d+\/$/, ''))).toEqual([
      'http://127.0.0.1:',
      'https://127.0.0.1:',
    ])
    const photo = randomBytes(5_000_000)
    expect((await sendSecurely(port(true), 'PUT', '/upload/1/a%20b', photo)).status).toBe(200)
    expect((await send(port(false), 'GET', '/get/1/a%20b')).body.equals(photo)).toBe(true)
    expect((await sendSecurely(port(true), 'GET', '/get/1/a%20b')).body.equals(photo)).toBe(true)
  })

  test('alone is enough', async () => {
    makeCertificate(directory, 'site')
    const { gateway, port } = await started({ https_address: any, ...files })
    expect(gateway.doors).toHaveLength(1)
    expect((await sendSecurely(port(true), 'GET', '/ping/')).status).toBe(200)
  })

  test('is TLS 1.2 or later', async () => {
    makeCertificate(directory, 'site')
    const { port } = await started({ https_address: any, ...files })
    expect((await secured(port(true), { maxVersion: 'TLSv1.2' })).getProtocol()).toBe('TLSv1.2')
    expect((await secured(port(true))).getProtocol()).toBe('TLSv1.3')
    const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' }
    await expect(secured(port(true), old)).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    })
  })

  test('takes a new certificate without a restart, and connections there stay', async () => {
    const site = makeCertificate(directory, 'site')
    const next = makeCertificate(directory, 'next')
    const { port } = await started({ https_address: any, ...files }, { limits: { headersMs: 3_600_000 } })
    const before = await secured(port(true))
    expect(await nameMet(port(true))).toBe('site')
    renameSync(next.certFile, site.certFile)
    renameSync(next.keyFile, site.keyFile)
    await until(async () => (await nameMet(port(true))) === 'next', 'the new certificate is used')
    before.write('GET /ping/ HTTP/1.1\r\nHost: x\r\n\r\n')
    const [answer] = (await once(before, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  })

  test('keeps the certificate it has while the new one is no good, and says so once', async () => {
    const site = makeCertificate(directory, 'site')
    const next = makeCertificate(directory, 'next')
    const { gateway, port } = await started({ https_address: any, ...files })
    const refused = () =>
      logged.filter((message) => message.includes('the new certificate is not accepted')).length
    // The key of another certificate, then nothing at all.
    copyFileSync(next.certFile, site.certFile)
    await until(() => refused() === 1, 'the pair is refused')
    await gateway.reread()
    expect([await nameMet(port(true)), refused()]).toEqual(['site', 1])
    writeFileSync(site.keyFile, '')
    await gateway.reread()
    expect(await nameMet(port(true))).toBe('site')
    copyFileSync(next.keyFile, site.keyFile)
    await until(async () => (await nameMet(port(true))) === 'next', 'the pair that belongs together is used')
  })

  test('takes another pair when the configuration names one', async () => {
    makeCertificate(directory, 'site')
    makeCertificate(directory, 'next')
    const { gateway, port } = await started({ https_address: any, ...files })
    configure({ https_address: any, cert_file: 'next.crt', key_file: 'next.key' })
    await gateway.reread()
    await until(async () => (await nameMet(port(true))) === 'next', 'the other certificate is used')
  })

  test('keeps nothing of a client that goes away without a word', async () => {
    makeCertificate(directory, 'site')
    const { gateway, port } = await started(
      { https_address: any, ...files },
      { limits: { drainMs: 3_600_000, headersMs: 3_600_000 } },
    )
    const socket = await secured(port(true))
    socket.destroy()
    await gateway.drain()
  })

  test('closes who does not speak TLS, and who does not finish the handshake in time', async () => {
    makeCertificate(directory, 'site')
    const { port } = await started({ https_address: any, ...files }, { limits: { headersMs: 300 } })
    const plain = await RawConnection.open(port(true))
    plain.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await plain.ended()
    const slow = connectTcp({ port: port(true), host: '127.0.0.1' })
    // A ClientHello of 512 bytes, byte by byte, for as long as the server likes.
    slow.write(Buffer.from('160301020001' + '0001fc0303', 'hex'))
    const drip = setInterval(() => slow.write(Buffer.alloc(1)), 20)
    // A byte that meets the end of the connection is an error here, and one of the ways in which it ends.
    slow.on('error', () => undefined)
    await new Promise<void>((resolve) => slow.once('close', () => resolve()))
    clearInterval(drip)
    expect((await sendSecurely(port(true), 'GET', '/ping/')).status).toBe(200)
  })
})

describe('the start', () => {
  test.each([
    ['without an address', {}, 'proxy.address: is missing'],
    [
      'with one address for both',
      { address: ':1', https_address: ':1', ...files },
      'must not be that of address',
    ],
    ['without a certificate', { https_address: any, ...files }, 'cannot be read: ENOENT'],
  ])('%s is refused', async (_name, proxy, problem) => {
    const { coordinator } = await smallCluster()
    configure(proxy)
    const error = await thrownBy(() => coordinator.listenGateway({ configFile: configFile() }))
    expect([error.code, error.message]).toEqual(['INVALID_OPTIONS', expect.stringContaining(problem)])
    configure({ address: any })
    await coordinator.listenGateway({ configFile: configFile() })
    expect((await thrownBy(() => coordinator.listenGateway({ configFile: configFile() }))).message).toContain(
      'already',
    )
  })

  test('with a busy port for HTTPS leaves that of HTTP free', async () => {
    makeCertificate(directory, 'site')
    const busy = createServer().listen(0, '127.0.0.1')
    await once(busy, 'listening')
    const { port: busyPort } = busy.address() as AddressInfo
    const port = await freePort()
    const { coordinator } = await smallCluster()
    const address = `127.0.0.1:${port}`
    configure({ address, https_address: `127.0.0.1:${busyPort}`, ...files })
    const listening = coordinator.listenGateway({ configFile: configFile() })
    await expect(listening).rejects.toMatchObject({ code: 'EADDRINUSE', port: busyPort })
    busy.close()
    configure({ address })
    expect((await coordinator.listenGateway({ configFile: configFile() })).port).toBe(port)
  })
})

describe('connections', () => {
  test('of both listeners are counted together', async () => {
    makeCertificate(directory, 'site')
    const { port } = await started(
      { address: any, https_address: any, ...files },
      { limits: { connectionsMax: 2 } },
    )
    const held = await secured(port(true))
    const other = await RawConnection.open(port(false))
    other.write('GET /ping/ HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await other.read())?.status).toBe(200)
    const third = await RawConnection.open(port(false))
    expect((await third.read())?.status).toBe(503)
    held.destroy()
    await until(
      async () => (await send(port(false), 'GET', '/ping/').catch(() => undefined))?.status === 200,
      'one fits again',
    )
    other.close()
    third.close()
  })

  test('without a request are closed after idle-timeout, which can change', async () => {
    const { gateway, port } = await started({ address: any, 'idle-timeout': idleSeconds })
    const kept = await RawConnection.open(port(false))
    kept.write('GET /ping/ HTTP/1.1\r\nHost: x\r\n\r\n')
    expect((await kept.read())?.status).toBe(200)
    await kept.ended()
    configure({ address: any, 'idle-timeout': 3_600 })
    await gateway.reread()
    const { headers } = await send(port(false), 'GET', '/ping/', { headers: { Connection: 'keep-alive' } })
    expect(headers['keep-alive']).toBe('timeout=3600')
  })

  test('that take nothing of their answer are closed after idle-timeout', async () => {
    const { cluster, port } = await started(
      { address: any, 'idle-timeout': idleSeconds },
      { nodesPerShard: [1], limits: { connectionsMax: 1 } },
    )
    await send(cluster.port, 'PUT', '/large', { body: randomBytes(40_000_000) })
    const reader = await RawConnection.open(port(false))
    reader.socket.pause()
    reader.write('GET /get/1/large HTTP/1.1\r\nHost: x\r\n\r\n')
    const ping = () => send(port(false), 'GET', '/ping/').catch(() => undefined)
    expect((await ping())?.status).toBe(503)
    await until(async () => (await ping())?.status === 200, 'the place is free again')
    reader.close()
  })

  test('are drained: what is under way is finished over HTTPS too, then all is closed', async () => {
    makeCertificate(directory, 'site')
    const { cluster, gateway, port } = await started({ https_address: any, ...files }, { nodesPerShard: [1] })
    const upload = await secured(port(true))
    upload.write('PUT /upload/1/new HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\nhalf')
    const idle = await secured(port(true))
    idle.write('GET /ping/ HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(idle, 'data')
    const closed = once(idle, 'close')
    const drained = gateway.drain()
    await closed
    upload.write('done')
    const [answer] = (await once(upload, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /)
    await drained
    expect((await cluster.node('11').read('new'))?.toString()).toBe('halfdone')
  })
})
