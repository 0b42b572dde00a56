// What a configuration that comes over HTTP may change. It is taken from an administrator of the photos, who need not be
// one of this machine: paths stay as they are, or a token would be enough to read any file the daemon can. Pure.
import { secretMask } from '@backpack/signing'
import { describeConfig, type GatewayConfig } from './gateway-config.js'
import type { NamedPaths } from './named-files.js'
import { isBlank, isSection, type Section } from './section.js'

/** Left out or empty, these stay as they are: /proxy_stat does not show the token, and listening goes on. */
const keptNames = ['address', 'https_address', 'cert_file', 'key_file'] as const

/** The configuration to check instead of the one that was sent. What is no map is left to the check. */
export function completeReplacement(value: unknown, current: GatewayConfig): unknown {
  if (!isSection(value) || !isSection(value['proxy'])) return value
  const now = (describeConfig(current) as { readonly proxy: Section }).proxy
  const proxy: Record<string, unknown> = { ...value['proxy'] }
  for (const name of keptNames) if (isBlank(proxy[name])) proxy[name] = now[name]
  const token = proxy['redirect-token']
  if (isBlank(proxy['redirect-token-file']) && (isBlank(token) || token === secretMask)) {
    const { redirectTokenFile, redirectToken } = current
    if (redirectTokenFile === undefined) proxy['redirect-token'] = redirectToken?.reveal() ?? ''
    else Object.assign(proxy, { 'redirect-token': '', 'redirect-token-file': redirectTokenFile })
  } else if (token === secretMask) proxy['redirect-token'] = ''
  return { ...value, proxy }
}

/** Those of `next` that are in use already, and a line for each other one. */
export function pathsInUse(
  next: NamedPaths,
  current: GatewayConfig,
): { readonly paths: NamedPaths; readonly problems: readonly string[] } {
  const present = {
    cert_file: current.certFile,
    key_file: current.keyFile,
    'redirect-token-file': current.redirectTokenFile,
    root: current.root,
  }
  const names = Object.keys(present) as (keyof typeof present)[]
  const foreign = names.filter((name) => next[name] !== undefined && next[name] !== present[name])
  return {
    paths: Object.fromEntries(
      Object.entries(next).filter(([name]) => !foreign.some((each) => each === name)),
    ),
    problems: foreign.map((name) => `proxy.${name}: can be changed in the file only`),
  }
}
