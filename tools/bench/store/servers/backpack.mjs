// The store under test: its own daemon, as a user starts it.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { probe } from '../load/http-client.mjs'
import { freePort, startServer, waitUntilReady } from './child.mjs'

const readyTimeoutMs = 120_000
const binPath = fileURLToPath(new URL('../../../../packages/store/bin/backpack.cjs', import.meta.url))

/**
 * Starts the daemon on `data`, made when absent.
 * @param {{ data: string, durability?: 'sync' | 'os', batchBlobsMax?: number }} settings
 */
export async function startBackpack({ data, durability = 'sync', batchBlobsMax }) {
  if (!existsSync(binPath)) throw new Error(`${binPath} is missing`)
  const port = await freePort()
  const args = [
    binPath,
    'serve',
    data,
    '--port',
    String(port),
    '--log-level',
    'warn',
    '--durability',
    durability,
  ]
  if (batchBlobsMax !== undefined) args.push('--batch-blobs-max', String(batchBlobsMax))
  const server = startServer(process.execPath, args)
  await waitUntilReady(server, async () => (await probe(port, '-/ready')).status === 200, {
    timeoutMs: readyTimeoutMs,
    what: 'backpack',
  })
  return {
    port,
    pids: [server.pid],
    label: `backpack --durability ${durability}${batchBlobsMax === undefined ? '' : ` --batch-blobs-max ${batchBlobsMax}`}`,
    stop: () => server.stop(),
  }
}
