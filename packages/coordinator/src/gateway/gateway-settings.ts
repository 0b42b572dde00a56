// What the configuration of a gateway says about the whole coordinator: it is read after the coordinator was opened, and
// may change at any time.
import type { ResolvedOptions } from '../options.js'
import type { LiveConfig } from './config/live-config.js'

export interface GatewaySettings {
  /** Undefined while there is no gateway. */
  liveConfig: LiveConfig | undefined
}

/** The options, with what the configuration says in place of what the coordinator was opened with. */
export function withSettings(options: ResolvedOptions, settings: GatewaySettings): ResolvedOptions {
  const { freeSpaceLimits, statsEveryMs = () => options.limits.sizesEveryMs } = options
  return {
    ...options,
    freeSpaceLimits: () => {
      const config = settings.liveConfig?.config
      if (config === undefined) return freeSpaceLimits()
      return { soft: config.freeSpaceRatioSoft, hard: config.freeSpaceRatioHard }
    },
    statsEveryMs: () => settings.liveConfig?.config.statUpdateIntervalMs ?? statsEveryMs(),
  }
}
