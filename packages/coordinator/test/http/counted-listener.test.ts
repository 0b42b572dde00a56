// The answer to a connection too many, which no request rules see.
import { makeServer } from '@backpack/http-rules'
import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { pino } from 'pino'
import { CountedListener } from '../../src/http/counted-listener.js'
import { coordinatorLimits } from '../../src/limits.js'
import { headerOf, RawConnection } from '../helpers/raw-http.js'
import { until } from '../helpers/until.js'

test('a connection too many is told so with the headers of every reply, as they are now', async () => {
  const limits = { ...coordinatorLimits, connectionsMax: 1 }
  const server = makeServer((_request, response) => void response.end(), limits)
  let headers: [string, string][] = [['X-Everywhere', 'yes']]
  const log = pino({ level: 'silent' })
  const listener = new CountedListener(server, { limits, log, headers: () => headers })
  onTestFinished(() => listener.drain())
  const port = await listener.listen({ host: '127.0.0.1', port: 0 })
  const holder = connect({ port, host: '127.0.0.1' })
  onTestFinished(() => void holder.destroy())
  await until(() => listener.connections === 1, 'one is connected')
  const everywhere = async () => {
    const answer = await (await RawConnection.open(port)).read()
    return [answer?.status, headerOf(answer!, 'Retry-After'), headerOf(answer!, 'X-Everywhere')]
  }
  expect(await everywhere()).toEqual([503, '1', 'yes'])
  headers = []
  expect(await everywhere()).toEqual([503, '1', undefined])
})
