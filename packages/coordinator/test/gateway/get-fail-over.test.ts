// Reads while nodes fail, lie, or have another version: an answer is of one version, or ends.
import type { RequestListener } from 'node:http'
import { describe, expect, it } from 'vitest'
import { watchAccepted } from '../helpers/accepted-sockets.js'
import { falseNode } from '../helpers/false-node.js'
import { type Answer, patternBytes, send } from '../helpers/http-request.js'
import { RawConnection } from '../helpers/raw-http.js'
import { until } from '../helpers/until.js'
import { smallGateway } from './small-gateway.js'

const jpeg = { 'Content-Type': 'image/jpeg' }
const old = { etag: '"018bcfe568000001-00000001"', data: patternBytes(100_000) }
const fresh = { etag: '"018bcfe568010001-00000002"', data: Buffer.alloc(100_000, 'n') }
const several = { Range: 'bytes=0-9,50000-89999' }

type Version = typeof old

/** Answers as a store does that has this version now; ranges are single. */
function answerAs({ etag, data }: Version): RequestListener {
  return (request, response) => {
    const ifMatch = request.headers['if-match']
    if (ifMatch !== undefined && ifMatch !== etag) {
      response.writeHead(412, { 'Content-Type': 'application/json' }).end('{"code":"PRECONDITION_FAILED"}')
      return
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const headers = { ...jpeg, ETag: etag, 'Accept-Ranges': 'bytes' }
    if (first === undefined || request.method === 'HEAD') {
      response.writeHead(200, { ...headers, 'Content-Length': data.length })
      response.end(request.method === 'HEAD' ? undefined : data)
      return
    }
    const body = data.subarray(Number(first), Number(last) + 1)
    const range = `bytes ${first}-${last}/${data.length}`
    response.writeHead(206, { ...headers, 'Content-Length': body.length, 'Content-Range': range }).end(body)
  }
}

/** A node that gives each answer in its turn, the last one for ever, and tells which request comes. */
async function nodeOf(...answers: RequestListener[]): Promise<string> {
  let at = 0
  return falseNode((request, response) => answers[Math.min(at++, answers.length - 1)]!(request, response))
}

async function read(
  address: string,
  headers: Record<string, string> = {},
  path = '/get/1/a.jpg',
): Promise<Answer> {
  const gateway = await smallGateway({ nodesPerShard: [1], otherNodes: { 11: address } })
  return send(gateway.gatewayPort, 'GET', path, { headers })
}

function cutAfter(version: Version, sentBytes: number): RequestListener {
  return (request, response) => {
    const [, first = '0', last = '99999'] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const body = version.data.subarray(Number(first), Number(last) + 1)
    response.writeHead(206, {
      ...jpeg,
      ETag: version.etag,
      'Content-Length': body.length,
      'Content-Range': `bytes ${first}-${last}/${version.data.length}`,
    })
    response.write(body.subarray(0, sentBytes), () => request.socket.destroy())
  }
}

describe('several ranges of a blob', () => {
  it('begin again when it is overwritten before the first of them', async () => {
    const { status, headers, body } = await read(await nodeOf(answerAs(old), answerAs(fresh)), several)
    expect(status).toBe(206)
    expect(headers['etag']).toBe(fresh.etag)
    expect(body.includes(fresh.data.subarray(50_000, 90_000))).toBe(true)
  })

  it('are 503 when it is another blob each time', async () => {
    const versions = Array.from({ length: 20 }, (_, at) => ({
      ...old,
      etag: `"018bcfe5680100${10 + at}-00000001"`,
    }))
    const { status } = await read(await nodeOf(...versions.map(answerAs)), several)
    expect(status).toBe(503)
  })

  it('end with the connection when it is overwritten behind the first of them', async () => {
    const address = await nodeOf(answerAs(old), answerAs(old), answerAs(fresh))
    await expect(read(address, several)).rejects.toThrow()
  })

  it('end with the connection when the node ends in the middle of one', async () => {
    const address = await nodeOf(answerAs(old), answerAs(old), cutAfter(old, 10))
    const { gatewayPort } = await smallGateway({ nodesPerShard: [1], otherNodes: { 11: address } })
    const connection = await RawConnection.open(gatewayPort)
    connection.write(`GET /get/1/a.jpg HTTP/1.1\r\nHost: x\r\nRange: ${several.Range}\r\n\r\n`)
    const received = (await connection.ended()).toString('latin1')
    expect(received).toMatch(/^HTTP\/1\.1 206 /)
    expect(received).not.toContain('--\r\n')
  })

  it('end with the connection when a part is of another version, whatever was asked', async () => {
    const liar: RequestListener = (request, response) => {
      delete request.headers['if-match']
      answerAs(fresh)(request, response)
    }
    await expect(read(await nodeOf(answerAs(old), answerAs(old), liar), several)).rejects.toThrow()
  })

  it('end with the connection when a part is not the one that was asked for', async () => {
    const liar: RequestListener = (request, response) => {
      request.headers.range = 'bytes=50001-90000'
      answerAs(old)(request, response)
    }
    await expect(read(await nodeOf(answerAs(old), answerAs(old), liar), several)).rejects.toThrow()
  })

  it('come from the node that has the version when another has a newer one', async () => {
    const gateway = await smallGateway({
      otherNodes: { 11: await nodeOf(answerAs(old)), 12: await nodeOf(answerAs(old), answerAs(fresh)) },
    })
    for (let at = 0; at < 8; at++) {
      const { status, body, headers } = await send(gateway.gatewayPort, 'GET', `/get/1/${at}.jpg`, {
        headers: several,
      })
      expect(status).toBe(206)
      const version = headers['etag'] === old.etag ? old : fresh
      expect(body.includes(version.data.subarray(50_000, 90_000))).toBe(true)
      expect(headers['content-length']).toBe(String(body.length))
    }
  })
})

describe('several ranges of a blob, whose client leaves before a part of it comes,', () => {
  it('leave no connection to the node behind', async () => {
    const large = { ...old, data: Buffer.alloc(64 * 2 ** 20) }
    let asked = false
    let closed = false
    let gatewayPort = 0
    const accepted = watchAccepted()
    const late: RequestListener = (request, response) => {
      asked = true
      request.socket.on('error', () => undefined)
      const isGone = () => accepted(gatewayPort).open.size === 0
      void until(isGone, 'the client is gone').then(() => {
        request.socket.on('close', () => (closed = true))
        answerAs(large)(request, response)
      })
    }
    const otherNodes = { 11: await nodeOf(answerAs(large), late) }
    gatewayPort = (await smallGateway({ nodesPerShard: [1], otherNodes })).gatewayPort
    const connection = await RawConnection.open(gatewayPort)
    connection.write(
      'GET /get/1/a.jpg HTTP/1.1\r\nHost: x\r\nRange: bytes=0-40000000,50000000-50000009\r\n\r\n',
    )
    await until(() => asked, 'the node is asked for the first part')
    connection.socket.resetAndDestroy()
    await until(() => closed, 'the node is told that nobody wants it')
  })
})

describe('a read', () => {
  it('ends with the connection when the node ends in the middle, also while the type is looked for', async () => {
    const unknown =
      (sentBytes: number): RequestListener =>
      (request, response) => {
        response.writeHead(200, { 'Content-Length': 100_000, ETag: old.etag })
        response.write(Buffer.alloc(sentBytes), () => request.socket.destroy())
      }
    await expect(read(await nodeOf(unknown(10_000)), {}, '/get/1/a')).rejects.toThrow()
    // Nothing was sent yet.
    expect((await read(await nodeOf(unknown(100)), {}, '/get/1/a')).status).toBe(503)
  })

  it('of a blob that is damaged on every node is 404', async () => {
    const damaged: RequestListener = (_request, response) => {
      response
        .writeHead(500, { 'Content-Type': 'application/json' })
        .end('{"error":"x","code":"BLOB_DAMAGED"}')
    }
    const missing: RequestListener = (_request, response) => void response.writeHead(404).end()
    const sick: RequestListener = (_request, response) => void response.writeHead(500).end('no JSON')
    const statusWith = async (one: RequestListener, other: RequestListener) => {
      const otherNodes = { 11: await nodeOf(one), 12: await nodeOf(other) }
      const { gatewayPort } = await smallGateway({ otherNodes })
      return (await send(gatewayPort, 'GET', '/get/1/a.jpg')).status
    }
    expect(await statusWith(damaged, damaged)).toBe(404)
    expect(await statusWith(damaged, missing)).toBe(404)
    expect(await statusWith(damaged, sick)).toBe(503)
    expect(await statusWith(damaged, answerAs(old))).toBe(200)
  })

  it('that a node refuses for a reason of its own is 503, and its reason is not shown', async () => {
    const refusing: RequestListener = (_request, response) =>
      void response.writeHead(403).end('{"error":"inside"}')
    const { status, body } = await read(await nodeOf(refusing))
    expect(status).toBe(503)
    expect(body.toString()).not.toContain('inside')
  })

  it('of more than there is does not fetch the rest', async () => {
    let sentBytes = 0
    let closed = false
    const endless: RequestListener = (request, response) => {
      const last = 2 ** 30
      response.writeHead(206, {
        ...jpeg,
        ETag: old.etag,
        'Content-Length': last,
        'Content-Range': `bytes 0-${last - 1}/${last}`,
      })
      const more = () => {
        do sentBytes += 64 * 1024
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)))
      }
      response.on('drain', more)
      response.on('close', () => (closed = true))
      request.socket.on('error', () => undefined)
      more()
    }
    const { status, headers } = await read(await nodeOf(endless), {}, '/get/1/a.jpg?offset=0&size=1073741825')
    expect(status).toBe(416)
    expect(headers['content-range']).toBe('bytes */1073741824')
    await until(() => closed, 'the node is told that nobody wants it')
    expect(sentBytes).toBeLessThan(64 * 2 ** 20)
  })
})
