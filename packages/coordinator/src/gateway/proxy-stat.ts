// GET /proxy_stat/: how this gateway is configured, how much it does, and what went wrong of late. Without secrets.
import type { FastifyPluginCallback } from 'fastify'
import { hostname } from 'node:os'
import { packageVersion } from '../package-version.js'
import { describeConfig } from './config/gateway-config.js'
import type { GatewayParts } from './gateway-parts.js'

export const proxyStat: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  const startedAtMs = Date.now()
  app.route({
    method: ['GET', 'HEAD'],
    url: '/proxy_stat',
    config: { access: 'admin' },
    handler: () => ({
      BucketCtlStat: describeGateway(parts, startedAtMs),
      handlers: parts.rates.describe(),
      errors: parts.recentErrors.describe(),
    }),
  })
  done()
}

function describeGateway(
  { watch, config, liveConfig, nodeStats }: GatewayParts,
  startedAtMs: number,
): object {
  const current = config()
  const nowMs = Date.now()
  return {
    ...timeOf('StartTime', startedAtMs),
    ...timeOf('StatTime', nodeStats.askedAtMs),
    ...timeOf('ConfigTime', liveConfig.checkedAtMs),
    ...timeOf('CurrentTime', nowMs),
    BucketNum: watch.snapshot.shards.size,
    Hostname: hostname(),
    ConfigUpdateInterval: current.bucketUpdateIntervalMs / 1000,
    StatUpdateInterval: current.statUpdateIntervalMs / 1000,
    Version: packageVersion(),
    ProxyConfig: describeConfig(current),
  }
}

/** As unix seconds, and as people read it. */
function timeOf(name: string, atMs: number): object {
  return { [name]: Math.floor(atMs / 1000), [`${name}String`]: new Date(atMs).toISOString() }
}
