// What the configuration of the gateway says about the whole coordinator holds from the moment it says so.
import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { send } from '../helpers/http-request.js'
import { until } from '../helpers/until.js'
import { smallGateway } from './small-gateway.js'

test('the hard limit of free space holds on both listeners, and changes with the configuration', async () => {
  const full = { 'free-space-ratio-soft': 1, 'free-space-ratio-hard': 1 }
  const gateway = await smallGateway({ proxy: full })
  const put = async (port: number, target: string) => (await send(port, 'PUT', target, { body: 'x' })).status
  const both = () => Promise.all([put(gateway.gatewayPort, '/nobucket_upload/a'), put(gateway.port, '/b')])
  expect((await both()).every((status) => status >= 500)).toBe(true)
  writeFileSync(
    gateway.configFile,
    JSON.stringify({
      proxy: { address: '127.0.0.1:0', 'free-space-ratio-soft': 0.1, 'free-space-ratio-hard': 0 },
    }),
  )
  await until(async () => (await both()).every((status) => status === 200), 'the new limits are used')
})
