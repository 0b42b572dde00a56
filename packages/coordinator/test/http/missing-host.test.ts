// A request of HTTP/1.1 has a Host (RFC 9112, 3.2): without one it is refused as everything else is, in the form of the
// listener.
import { expect, onTestFinished, test } from 'vitest'
import { smallGateway } from '../gateway/small-gateway.js'
import { headerOf, RawConnection, requestOnce } from '../helpers/raw-http.js'
import { smallCluster } from '../helpers/small-cluster.js'

const targets = ['GET /get/1/none', 'PUT /upload/1/x', 'GET /stat/', 'GET /no-such-file']

test.each(targets)('the gateway refuses %s in text, with its configured headers', async (target) => {
  const { gatewayPort } = await smallGateway({ proxy: { headers: { 'X-Frame-Options': 'DENY' } } })
  const answer = await requestOnce(gatewayPort, `${target} HTTP/1.1\r\nContent-Length: 1\r\n\r\nx`)
  expect(answer.status).toBe(400)
  expect(headerOf(answer, 'X-Frame-Options')).toBe('DENY')
  expect(headerOf(answer, 'Content-Type')).toBe('text/plain; charset=utf-8')
  expect(answer.body.toString()).toMatch(/one Host.*\n$/)
})

test('the plain listener refuses it in JSON, and what comes behind it is not looked at', async () => {
  const { port } = await smallCluster({ nodesPerShard: [1] })
  for (const target of ['/1:none', '/-/live', '/stats']) {
    const connection = await RawConnection.open(port)
    onTestFinished(() => connection.close())
    connection.write(`GET ${target} HTTP/1.1\r\n\r\nGET /-/live HTTP/1.1\r\nHost: x\r\n\r\n`)
    const answer = await connection.read()
    expect([answer?.status, JSON.parse(answer?.body.toString() ?? '')]).toEqual([
      400,
      { error: 'A request has one Host (RFC 9112, 3.2)', code: 'BAD_REQUEST' },
    ])
    expect((await connection.ended()).length).toBe(0)
  }
})

test('HTTP/1.0 knows no Host, and an empty one is one', async () => {
  const { gatewayPort, port } = await smallGateway()
  for (const head of ['GET /ping/ HTTP/1.0\r\n\r\n', 'GET /ping/ HTTP/1.1\r\nHost:\r\n\r\n']) {
    expect((await requestOnce(gatewayPort, head)).status).toBe(200)
  }
  expect((await requestOnce(port, 'GET /-/live HTTP/1.0\r\n\r\n')).status).toBe(200)
})

test('CONNECT is a wrong method: 400 at the gateway, as of Backrunner, 405 at the plain listener', async () => {
  const { gatewayPort, port } = await smallGateway({ proxy: { headers: { 'X-Frame-Options': 'DENY' } } })
  const connect = 'CONNECT photos:80 HTTP/1.1\r\nHost: photos:80\r\n\r\n'
  const answer = await requestOnce(gatewayPort, connect)
  expect([answer.status, headerOf(answer, 'X-Frame-Options')]).toEqual([400, 'DENY'])
  expect(answer.body.toString()).toBe('This method is not served\n')
  const plain = await requestOnce(port, connect)
  expect([plain.status, JSON.parse(plain.body.toString())]).toMatchObject([
    405,
    { code: 'METHOD_NOT_ALLOWED' },
  ])
})
