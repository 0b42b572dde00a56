// A small cluster with a gateway before it, all in this process, on free ports; gone when the test ends.
//
//   const gateway = await smallGateway({
//     nodesPerShard: [1, 1],
//     acls: { 1: [{ user: 'mary', token: tokenOf('mary'), flags: 2 }] },  // shard 2 stays open
//     admins: [{ user: 'root', token: tokenOf('root'), flags: 4 }],        // without it: no admin ACL
//     proxy: { headers: { 'X-Frame-Options': 'DENY' } },                   // of the section `proxy`
//   })
//   await send(gateway.gatewayPort, 'GET', '/get/1/a%20b', {
//     headers: { Authorization: authorizationOf({ user: 'mary', method: 'GET', path: '/get/1/a b' }) },
//   })
//   await send(gateway.gatewayPort, 'GET', linkOf({ user: 'mary', method: 'GET', path: '/get/1/a b' }))
//
// `gateway.port` is the listener of 2013, `gateway.node('11').read('a b')` what a store has. Paths are given decoded.
import { aclFlags, pathOfName, treePaths } from '@backpack/cluster-model'
import { Secret, signedText, signText } from '@backpack/signing'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ClusterPlan, type SmallCluster, smallCluster } from '../helpers/small-cluster.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { until } from '../helpers/until.js'

export interface AclLine {
  readonly user: string
  readonly token: string
  /** A sum of aclFlags. */
  readonly flags: number
}

export interface GatewayPlan extends ClusterPlan {
  /** By the shard's id; a shard that is not named is open. */
  readonly acls?: Readonly<Record<string, readonly AclLine[]>>
  readonly admins?: readonly AclLine[]
  /** More of the section `proxy` of the configuration; the address is a free port. */
  readonly proxy?: Readonly<Record<string, unknown>>
}

export interface SmallGateway extends SmallCluster {
  /** Without a trailing slash. */
  readonly gatewayUrl: string
  readonly gatewayPort: number
  readonly configFile: string
  /** Both resolve once the coordinator goes by it. */
  setAcl(shardId: string, lines: readonly AclLine[]): Promise<void>
  setAdmins(lines: readonly AclLine[]): Promise<void>
}

/** What smallGateway() users have, so that no test has to write them down: never the name itself. */
export function tokenOf(user: string): string {
  return `the secret token of ${user}`
}

export function aclLine(user: string, ...rights: (keyof typeof aclFlags)[]): AclLine {
  return { user, token: tokenOf(user), flags: rights.reduce((sum, right) => sum + aclFlags[right], 0) }
}

export async function smallGateway({
  acls = {},
  admins,
  proxy = {},
  ...plan
}: GatewayPlan = {}): Promise<SmallGateway> {
  const cluster = await smallCluster(plan)
  const { coordinator, tree } = cluster
  const configFile = join(temporaryDirectory(), 'gateway.json')
  writeFileSync(configFile, JSON.stringify({ proxy: { address: '127.0.0.1:0', ...proxy } }))

  async function write(path: string, lines: readonly AclLine[]): Promise<void> {
    const data = Buffer.from(JSON.stringify({ acl: lines, flags: 0, 'max-size': 0, 'max-key-num': 0 }))
    const present = await tree.get(path)
    if (present === undefined) await tree.create(path, data)
    else await tree.set(path, data, present.version)
  }

  async function setAcl(shardId: string, lines: readonly AclLine[]): Promise<void> {
    const before = coordinator.snapshot.shards.get(shardId)?.access
    await write(treePaths.shardAcl(shardId), lines)
    await until(() => coordinator.snapshot.shards.get(shardId)?.access !== before, 'the ACL is seen')
  }

  async function setAdmins(lines: readonly AclLine[]): Promise<void> {
    const before = coordinator.snapshot.adminAccess
    await write(treePaths.adminAcl, lines)
    await until(() => coordinator.snapshot.adminAccess !== before, 'the admin ACL is seen')
  }

  for (const [shardId, lines] of Object.entries(acls)) await setAcl(shardId, lines)
  if (admins !== undefined) await setAdmins(admins)
  const { url, port } = await coordinator.listenGateway({ configFile })
  return {
    ...cluster,
    gatewayUrl: url.replace(/\/$/, ''),
    gatewayPort: port,
    configFile,
    setAcl,
    setAdmins,
  }
}

export interface ToSign {
  readonly user: string
  /** Default: tokenOf(user). */
  readonly token?: string
  readonly method: string
  /** Decoded. */
  readonly path: string
  readonly query?: readonly (readonly [string, string])[]
  /** Those that begin with x-ell- are signed. */
  readonly headers?: Readonly<Record<string, string>>
}

export function signatureOf({ user, token = tokenOf(user), headers = {}, ...parts }: ToSign): string {
  return signText(new Secret(token), signedText({ ...parts, headers: Object.entries(headers) }))
}

/** The value of the Authorization header. */
export function authorizationOf(request: ToSign): string {
  return `Test ${request.user}:${signatureOf(request)}`
}

export interface LinkToSign extends ToSign {
  /** Unix seconds; default: in an hour; null: never. */
  readonly expires?: number | null
}

/** A target with its signature in the query, encoded. */
export function linkOf({ expires = inSeconds(3600), ...request }: LinkToSign): string {
  const query: (readonly [string, string])[] = [
    ...(request.query ?? []),
    ['user', request.user],
    ...(expires === null ? [] : [['expires', String(expires)] as const]),
  ]
  const signature = signatureOf({ ...request, query })
  return pathOfName(request.path.slice(1)) + queryOf([...query, ['signature', signature]])
}

/** `?a=b&…`, percent-encoded; '' for nothing. */
export function queryOf(query: readonly (readonly [string, string])[]): string {
  if (query.length === 0) return ''
  return `?${query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')}`
}

/** Unix seconds so far from now. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds
}
