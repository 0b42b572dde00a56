// A request of HTTP/1.1 has a Host (RFC 9112, 3.2): without one it is refused as everything else is.
import { describe, expect, test } from 'vitest'
import { lanes, runDaemon } from '../helpers/daemon.js'
import { requestOnce } from '../helpers/raw-http.js'

describe.each(lanes)('through the $lane', ({ fastLane }) => {
  test.each(['GET /none', 'PUT /x', 'GET /-/live'])('%s is refused with a reason', async (target) => {
    const { port } = await runDaemon({ fastLane })
    const answer = await requestOnce(port, `${target} HTTP/1.1\r\nContent-Length: 1\r\n\r\nx`)
    expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([
      400,
      { error: 'A request has one Host (RFC 9112, 3.2)', code: 'BAD_REQUEST' },
    ])
  })

  test('HTTP/1.0 knows no Host', async () => {
    const { port } = await runDaemon({ fastLane })
    expect((await requestOnce(port, 'GET /-/live HTTP/1.0\r\n\r\n')).status).toBe(200)
  })
})
