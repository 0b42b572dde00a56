// What of refused requests stands in the log and in the last errors: anybody can bring refusals about, and must not be
// able to fill a log with stacks.
import { expect, onTestFinished, test } from 'vitest'
import { logFailure } from '../../src/log-failure.js'
import type { CoordinatorLog } from '../../src/options.js'
import { jsonOf, send } from '../helpers/http-request.js'
import { RawConnection } from '../helpers/raw-http.js'
import { untilSeen } from '../helpers/small-cluster.js'
import { until } from '../helpers/until.js'
import { aclLine, linkOf, smallGateway } from './small-gateway.js'

interface Line {
  readonly level: keyof CoordinatorLog
  readonly details: Record<string, unknown>
  readonly message: string
}

function recordedLog(): { readonly log: CoordinatorLog; readonly lines: Line[] } {
  const lines: Line[] = []
  const at = (level: Line['level']) => (details: object, message: string) => {
    lines.push({ level, details: details as Line['details'], message })
  }
  return { log: { info: at('info'), warn: at('warn'), error: at('error') }, lines }
}

test('what is not configured, full or away is a line without a stack', async () => {
  const { log, lines } = recordedLog()
  const gateway = await smallGateway({ nodesPerShard: [2], capacityBytes: 1_000, options: { log } })
  const { gatewayPort: port } = gateway
  expect((await send(port, 'GET', '/favicon.ico')).status).toBe(503)
  expect((await send(port, 'GET', '/redirect/1/cat')).status).toBe(503)
  const body = Buffer.alloc(2_000)
  expect((await send(port, 'PUT', '/upload/1/cat', { body })).status).toBe(507)
  expect((await send(port, 'PUT', '/nobucket_upload/cat', { body })).status).toBe(507)
  await gateway.node('12').stop()
  await untilSeen(gateway, '12', 'down')
  expect((await send(port, 'GET', '/redirect/1/cat')).status).toBe(503)
  expect((await send(port, 'POST', '/delete/1/cat')).status).toBe(503)
  const failures = lines.filter(({ message }) => message === 'request failed')
  expect(failures.map(({ level, details }) => [level, details['code']])).toEqual([
    ['info', 'NOT_CONFIGURED'],
    ['info', 'NOT_CONFIGURED'],
    ['warn', 'SHARD_FULL'],
    ['warn', 'OUT_OF_SPACE'],
    ['info', 'NOT_CONFIGURED'],
    ['warn', 'NODES_AWAY'],
  ])
  for (const { details } of failures) {
    expect(details['err']).toBeUndefined()
    expect(details['error']).toEqual(expect.stringMatching(/^[^\n]+$/))
  }
})

test('what nobody expects is an error with its stack', () => {
  const { log, lines } = recordedLog()
  const fault = new Error('a slip of ours')
  logFailure(log, fault, { status: 500 }, 'request failed')
  expect(lines).toEqual([{ level: 'error', details: { err: fault, status: 500 }, message: 'request failed' }])
})

test('a list of keys that are not deleted is one line, with how many and why', async () => {
  const { log, lines } = recordedLog()
  const gateway = await smallGateway({ nodesPerShard: [2], options: { log } })
  await gateway.node('12').stop()
  await untilSeen(gateway, '12', 'down')
  lines.length = 0
  const keys = [...Array.from({ length: 200 }, (_, at) => `key ${at}`), '-/live']
  const answer = await send(gateway.gatewayPort, 'POST', '/bulk_delete/1', { body: JSON.stringify({ keys }) })
  expect([answer.status, Object.keys(jsonOf(answer)).length]).toEqual([200, 201])
  expect(lines).toEqual([
    {
      level: 'warn',
      details: {
        code: 'NODES_AWAY',
        error: '1 of 2 nodes do not answer',
        shard: '1',
        keys: 201,
        failed: 200,
        reasons: ['1 of 2 nodes do not answer'],
      },
      message: 'keys were not deleted',
    },
  ])
})

test('the last errors know the address of a client that is gone', async () => {
  const gateway = await smallGateway({ admins: [aclLine('root', 'admin')] })
  const connection = await RawConnection.open(gateway.gatewayPort)
  onTestFinished(() => connection.close())
  const { localPort } = connection.socket
  connection.write('PUT /upload/1/cat HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nmeow')
  await until(async () => {
    const { body } = await send(gateway.port, 'GET', '/-/metrics')
    return /uploads_under_way 1$/m.test(body.toString())
  }, 'the upload has begun')
  connection.close()
  let errors: Record<string, unknown>[] = []
  await until(async () => {
    const link = linkOf({ user: 'root', method: 'GET', path: '/proxy_stat/' })
    errors = jsonOf<{ errors: typeof errors }>(await send(gateway.gatewayPort, 'GET', link)).errors
    return errors.length > 0
  }, 'the error is listed')
  expect(errors).toMatchObject([{ Method: 'PUT', RemoteAddr: `127.0.0.1:${localPort}` }])
})
