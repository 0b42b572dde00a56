// The configuration of a gateway: Backrunner's names in the file, ours with units inside. Pure; read-config-file.ts reads
// the files. docs/gateway.md lists every name.
import { ClusterError } from '@backpack/cluster-model'
import { type Secret, secretMask } from '@backpack/signing'
import { resolve } from 'node:path'
import type { z } from 'zod'
import { codeOf, detailOf } from '../../error-codes.js'
import { fileSchema, inertProxyNames, omitBlankNames } from './config-schema.js'
import { isSameAddress, type ListenAddress } from './listen-address.js'

/** Parsed once and frozen. Paths are absolute. */
export interface GatewayConfig {
  /** Of the HTTP listener; undefined without one. */
  readonly address: ListenAddress | undefined
  /** Of the HTTPS listener; undefined without one. */
  readonly httpsAddress: ListenAddress | undefined
  /** PEM: the certificate, followed by those that lead to a known authority. */
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
  /** Of a connection without a request, and of a client that neither sends nor takes anything. */
  readonly idleTimeoutMs: number
  /** Free parts of a shard, 0 to 1: below soft it is used when nothing better exists, below hard never. */
  readonly freeSpaceRatioSoft: number
  readonly freeSpaceRatioHard: number
  /** The configuration is read again so often. */
  readonly bucketUpdateIntervalMs: number
  /** The nodes are asked for their statistics so often. */
  readonly statUpdateIntervalMs: number
  /** Where /redirect sends: this port, or that of the node itself; undefined: nowhere. */
  readonly redirectPort: number | 'node' | undefined
  /** Signs redirects; the stores know it too. */
  readonly redirectToken: Secret | undefined
  readonly redirectTokenFile: string | undefined
  readonly redirectSignatureTimeoutSeconds: number
  /** On every answer, errors included. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Of the static files; undefined: none are served. */
  readonly root: string | undefined
  /** The longest suffix first. */
  readonly contentTypes: readonly { readonly suffix: string; readonly type: string }[]
  /** After /update_local_config the file is left alone so long. */
  readonly disableConfigUpdateMs: number
}

export interface ParsedConfig {
  /** The token of redirectTokenFile is not in it yet. */
  readonly config: GatewayConfig
  /** Names that are known and mean nothing here. */
  readonly inert: readonly string[]
}

type ProxySection = z.output<typeof fileSchema>['proxy']

const msPerSecond = 1000
const problemsMax = 100
const problemCharactersMax = 300

/** Relative paths count from `folder`. Throws INVALID_OPTIONS with every problem; none shows a value. */
export function parseGatewayConfig(value: unknown, folder: string): ParsedConfig {
  const parsed = fileSchema.safeParse(omitBlankNames(value))
  if (!parsed.success) throw configError(problemsOf(parsed.error))
  const { elliptics, proxy } = parsed.data
  const inert = inertProxyNames.filter((name) => proxy[name] !== undefined).map((name) => `proxy.${name}`)
  return {
    config: Object.freeze(toConfig(proxy, folder)),
    inert: elliptics === undefined ? inert : ['elliptics', ...inert],
  }
}

/** INVALID_OPTIONS; `problems` in its details are lines for whoever wrote the configuration. */
export function configError(problems: readonly string[], cause?: unknown): ClusterError {
  const shown = problems.slice(0, problemsMax).map((problem) => problem.slice(0, problemCharactersMax))
  if (problems.length > problemsMax) shown.push(`and ${problems.length - problemsMax} more`)
  const message = `The configuration is not accepted: ${shown.join('; ')}`
  return new ClusterError('INVALID_OPTIONS', message, {
    problems: shown,
    ...(cause === undefined ? {} : { cause }),
  })
}

/** The lines of a configError(); the message of anything else. */
export function configProblems(error: unknown): readonly string[] {
  const problems = codeOf(error) === 'INVALID_OPTIONS' ? detailOf(error, 'problems') : undefined
  return Array.isArray(problems) ? (problems as string[]) : [(error as Error).message]
}

function problemsOf({ issues }: z.ZodError): string[] {
  return issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [`${pathOf(issue.path)}: ${issue.message}`]
    return issue.keys.map((key) => `${pathOf([...issue.path, key])}: there is no such name`)
  })
}

/** A name may come from anywhere: without characters that could control a terminal. */
function pathOf(path: readonly PropertyKey[]): string {
  const text = path.map(String).join('.') || 'configuration'
  return text.replace(/[^\x20-\x7e]/g, '?')
}

function toConfig(proxy: ProxySection, folder: string): GatewayConfig {
  const path = (given: string | undefined) => (given === undefined ? undefined : resolve(folder, given))
  return {
    address: proxy.address,
    httpsAddress: proxy.https_address,
    certFile: path(proxy.cert_file),
    keyFile: path(proxy.key_file),
    idleTimeoutMs: proxy['idle-timeout'] * msPerSecond,
    ...freeSpaceOf(proxy),
    bucketUpdateIntervalMs: proxy['bucket-update-interval'] * msPerSecond,
    statUpdateIntervalMs: proxy['bucket-stat-update-interval'] * msPerSecond,
    redirectPort: proxy['redirect-port'] === 0 ? undefined : proxy['redirect-port'],
    redirectToken: proxy['redirect-token'],
    redirectTokenFile: path(proxy['redirect-token-file']),
    redirectSignatureTimeoutSeconds: proxy['redirect-signature-timeout'],
    headers: Object.freeze(proxy.headers),
    root: path(proxy.root),
    contentTypes: Object.freeze(proxy['content-types']),
    disableConfigUpdateMs: proxy['disable-config-update-for-seconds'] * msPerSecond,
  }
}

const defaultSoft = 0.2
const defaultHard = 0.15

/** The one that is not given never contradicts the other. */
function freeSpaceOf(
  proxy: Pick<ProxySection, 'free-space-ratio-soft' | 'free-space-ratio-hard'>,
): Pick<GatewayConfig, 'freeSpaceRatioSoft' | 'freeSpaceRatioHard'> {
  const { 'free-space-ratio-soft': soft, 'free-space-ratio-hard': hard } = proxy
  return {
    freeSpaceRatioSoft: soft ?? Math.max(defaultSoft, hard ?? 0),
    freeSpaceRatioHard: hard ?? Math.min(defaultHard, soft ?? defaultHard),
  }
}

/** The names of the addresses in which `next` differs from `now`: only a start can change them. */
export function changedAddresses(now: GatewayConfig, next: GatewayConfig): string[] {
  const changed: string[] = []
  if (!isSameAddress(now.address, next.address)) changed.push('proxy.address')
  if (!isSameAddress(now.httpsAddress, next.httpsAddress)) changed.push('proxy.https_address')
  return changed
}

/** The configuration with Backrunner's names, for /proxy_stat: /update_local_config takes it back as it is. */
export function describeConfig(config: GatewayConfig): object {
  const seconds = (ms: number) => ms / msPerSecond
  return {
    elliptics: {},
    proxy: {
      address: config.address?.text ?? '',
      https_address: config.httpsAddress?.text ?? '',
      cert_file: config.certFile ?? '',
      key_file: config.keyFile ?? '',
      'idle-timeout': seconds(config.idleTimeoutMs),
      'free-space-ratio-soft': config.freeSpaceRatioSoft,
      'free-space-ratio-hard': config.freeSpaceRatioHard,
      'bucket-update-interval': seconds(config.bucketUpdateIntervalMs),
      'bucket-stat-update-interval': seconds(config.statUpdateIntervalMs),
      'redirect-port': config.redirectPort ?? 0,
      'redirect-token': config.redirectToken === undefined ? '' : secretMask,
      'redirect-token-file': config.redirectTokenFile ?? '',
      'redirect-signature-timeout': config.redirectSignatureTimeoutSeconds,
      headers: Object.fromEntries(config.headers),
      root: config.root ?? '',
      'content-types': Object.fromEntries(config.contentTypes.map(({ suffix, type }) => [suffix, type])),
      'disable-config-update-for-seconds': seconds(config.disableConfigUpdateMs),
    },
  }
}
