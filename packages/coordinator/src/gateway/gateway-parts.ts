// What a gateway's handlers are given.
import type { ReadParts } from '../http/serve-blob.js'
import type { ClientAddresses } from './client-addresses.js'
import type { GatewayConfig } from './config/gateway-config.js'
import type { LiveConfig } from './config/live-config.js'
import type { RecentErrors } from './recent-errors.js'
import type { RequestRates } from './request-rates.js'

export interface GatewayParts extends ReadParts {
  /** The configuration as it is now: it may be another one at the next request. */
  readonly config: () => GatewayConfig
  readonly liveConfig: LiveConfig
  readonly rates: RequestRates
  readonly recentErrors: RecentErrors
  readonly clients: ClientAddresses
  readonly draining: () => boolean
}
