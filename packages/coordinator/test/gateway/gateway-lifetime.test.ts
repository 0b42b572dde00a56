// A gateway from its start to its end, beside the coordinator that it belongs to.
import { freePort } from '@backpack/test-cluster'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { send } from '../helpers/http-request.js'
import { smallCluster } from '../helpers/small-cluster.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { makeCertificate } from './make-certificate.js'

function configured(proxy: object): string {
  const configFile = join(temporaryDirectory(), 'gateway.json')
  writeFileSync(configFile, JSON.stringify({ proxy }))
  return configFile
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return false
  } catch {
    return true
  } finally {
    socket.destroy()
  }
}

test('one that was drained leaves its place to another, and its limits are forgotten', async () => {
  const { coordinator, port, nodes } = await smallCluster({ nodesPerShard: [1] })
  expect(nodes.size).toBe(1)
  const full = { 'free-space-ratio-soft': 1, 'free-space-ratio-hard': 1 }
  const first = await coordinator.listenGateway({
    configFile: configured({ address: '127.0.0.1:0', ...full }),
  })
  const second = { configFile: configured({ address: '127.0.0.1:0' }) }
  await expect(coordinator.listenGateway(second)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  const put = async () => (await send(port, 'PUT', '/a', { body: 'x' })).status
  expect(await put()).toBe(500)
  await first.drain()
  expect(await put()).toBe(200)
  const gateway = await coordinator.listenGateway(second)
  expect((await send(gateway.port, 'GET', '/ping/')).status).toBe(200)
  // Drained again, the first one takes nothing away from the second.
  await first.drain()
  await expect(coordinator.listenGateway(second)).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
})

test('one that is still starting when the coordinator is closed does not listen afterwards', async () => {
  const port = await freePort()
  const directory = temporaryDirectory()
  const { certFile, keyFile } = makeCertificate(directory, 'site')
  let closed: Promise<void> | undefined
  // What is said of a name without a meaning is the last thing before the gateway starts; its certificate takes a while.
  const note = (_details: object, message: string) => {
    if (!message.includes('mean nothing here')) return
    setImmediate(() => {
      closed = coordinator.close()
    })
  }
  const log = { info: note, warn: () => undefined, error: () => undefined }
  const { coordinator } = await smallCluster({ nodesPerShard: [1], options: { log } })
  const starting = coordinator.listenGateway({
    configFile: configured({
      https_address: `127.0.0.1:${port}`,
      cert_file: certFile,
      key_file: keyFile,
      'redirect-root': '/srv',
    }),
  })
  await expect(starting).rejects.toMatchObject({ code: 'COORDINATOR_CLOSED' })
  expect(closed).toBeDefined()
  await closed
  expect(await isRefused(port)).toBe(true)
})
