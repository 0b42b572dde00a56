// What an administrator is told of a configuration that was sent: how long it holds, and what of it does not.
import { expect, test } from 'vitest'
import { send } from '../helpers/http-request.js'
import { aclLine, authorizationOf, smallGateway } from './small-gateway.js'

const path = '/update_local_config/'
const Authorization = authorizationOf({ user: 'root', method: 'POST', path })

async function answerTo(proxy: object): Promise<string> {
  const gateway = await smallGateway({ nodesPerShard: [1], admins: [aclLine('root', 'admin')] })
  const body = JSON.stringify({ proxy })
  const answer = await send(gateway.gatewayPort, 'POST', path, { headers: { Authorization }, body })
  expect(answer.status).toBe(200)
  return answer.body.toString()
}

const inUse = 'The configuration is in use, until the file has its say again: '

test.each([
  [{ 'bucket-update-interval': 600 }, `${inUse}in 600 s, or as soon as it changes\n`],
  [{ 'disable-config-update-for-seconds': 120 }, `${inUse}in 120 s\n`],
  [
    { address: ':9', 'disable-config-update-for-seconds': 120 },
    `${inUse}in 120 s\nproxy.address: is ignored; addresses come from the file, at a start\n`,
  ],
])('%j', async (proxy, text) => {
  expect(await answerTo(proxy)).toBe(text)
})
