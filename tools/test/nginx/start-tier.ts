// A real nginx with a generated configuration; gone when the test ends.
import type { ClusterSnapshot } from '@backpack/cluster-model'
import { NginxProcess } from '@backpack/test-cluster'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { generateNginx } from '../../src/nginx/generate-nginx.js'
import type { NginxOptions } from '../../src/nginx/nginx-options.js'
import { nginxOptions, snapshotOf } from './snapshots.js'

export async function startTier(
  options: Partial<NginxOptions>,
  snapshot: Pick<ClusterSnapshot, 'shards'> = snapshotOf({}),
): Promise<NginxProcess> {
  const nginx = await NginxProcess.start(({ directory, port }) => {
    const place = {
      listen: [`127.0.0.1:${port}`],
      workDirectory: directory,
      cacheDirectory: join(directory, 'cache'),
    }
    return generateNginx(snapshot, nginxOptions({ ...place, ...options })).text
  })
  onTestFinished(() => nginx.close())
  return nginx
}
