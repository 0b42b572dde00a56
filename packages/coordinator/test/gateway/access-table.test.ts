// Who gets in: each route of both listeners in each way of signing, and of not signing, a request. What is refused has
// changed nothing and told nothing.
import { treePaths } from '@backpack/cluster-model'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { type Answer, send } from '../helpers/http-request.js'
import { temporaryDirectory } from '../helpers/temporary-directory.js'
import { until } from '../helpers/until.js'
import { type AccessCase, accessCases, plainQuery, type SignedForm, signedRequest } from './access-cases.js'
import { type AccessRoute, accessRoutes, servedRoutes } from './access-routes.js'
import {
  aclLine,
  authorizationOf,
  linkOf,
  type SmallGateway,
  smallGateway,
  tokenOf,
} from './small-gateway.js'

// Columns: no signature at all; a malformed one; a user who is not listed; a wrong token; the right token of a user
// without the flag; a user who needs no signature and has no other flag; right; right but expired; and what was signed
// for another method, path, query or x-ell- header. The same for signatures in the header and in the query.
const table = `
                                      none malf unkn tokn flag unsg RIGH expi meth path quer head
gateway GET,HEAD /get                  403  403  403  403  200  200  200  403  403  403  403  403
gateway GET,HEAD /lookup               403  403  403  403  200  200  200  403  403  403  403  403
gateway GET,HEAD /redirect             403  403  403  403  302  302  302  403  403  403  403  403
gateway POST,PUT /upload               403  403  403  403  403  403  200  403  403  403  403  403
gateway POST,PUT /nobucket_upload      403  403  403  403  403  403  200  403  403  403  403  403
gateway POST,PUT /delete               403  403  403  403  403  403  200  403  403  403  403  403
gateway POST,PUT /bulk_delete          403  403  403  403  403  403  200  403  403  403  403  403
gateway GET,HEAD /stat                 403  403  403  403  403  403  200  403  403  403  403  403
gateway GET,HEAD /proxy_stat           403  403  403  403  403  403  200  403  403  403  403  403
gateway POST,PUT /update_local_config  403  403  403  403  403  403  200  403  403  403  403  403
gateway GET,HEAD /ping                 200  200  200  200  200  200  200  403  200  200  200  200
gateway GET,HEAD /static/              200  200  200  200  200  200  200  403  200  200  200  200
gateway GET,HEAD /nothing              404  404  404  404  404  404  404  403  404  404  404  404
gateway GET,HEAD /exit                 404  404  404  404  404  404  404  403  404  404  404  404
gateway GET,HEAD /profile              404  404  404  404  404  404  404  403  404  404  404  404
gateway POST,PUT,DELETE /nothing       400  400  400  400  400  400  400  400  400  400  400  400
gateway POST,PUT,DELETE /exit          400  400  400  400  400  400  400  400  400  400  400  400
gateway DELETE,PATCH,OPTIONS /get      400  400  400  400  400  400  400  400  400  400  400  400
gateway GET,HEAD,DELETE /upload        400  400  400  400  400  400  400  400  400  400  400  400
gateway GET,HEAD,DELETE /delete        400  400  400  400  400  400  400  400  400  400  400  400
gateway GET,HEAD /update_local_config  400  400  400  400  400  400  400  400  400  400  400  400
plain GET,HEAD (blob)                  403  403  403  403  200  200  200  403  403  403  403  403
plain PUT (new blob)                   403  403  403  403  403  403  200  403  403  403  403  403
plain DELETE (old blob)                403  403  403  403  403  403  204  403  403  403  403  403
plain POST,PATCH,OPTIONS (blob)        405  405  405  405  405  405  405  405  405  405  405  405
plain GET,HEAD /stats                  200  200  200  200  200  200  200  200  200  200  200  200
plain GET,HEAD /-/live                 200  200  200  200  200  200  200  200  200  200  200  200
plain GET,HEAD /-/ready                200  200  200  200  200  200  200  200  200  200  200  200
plain GET,HEAD /-/cluster              200  200  200  200  200  200  200  200  200  200  200  200
plain GET,HEAD /-/explain              200  200  200  200  200  200  200  200  200  200  200  200
plain GET,HEAD /-/metrics              200  200  200  200  200  200  200  200  200  200  200  200
plain GET,HEAD /-/queue/parked         200  200  200  200  200  200  200  200  200  200  200  200
plain POST /-/queue/retry              403  403  403  403  403  403  200  403  403  403  403  403
plain GET,HEAD /-/nothing              404  404  404  404  404  404  404  404  404  404  404  404
plain POST,PUT,DELETE /-/nothing       403  403  403  403  403  403  404  403  403  403  403  403
`

interface Line {
  readonly listener: 'gateway' | 'plain'
  readonly methods: readonly string[]
  readonly name: string
  readonly text: string
}

const lines = table
  .trim()
  .split('\n')
  .slice(1)
  .map((text): Line => {
    const [, listener, methods, name] = /^(gateway|plain) (\S+) (\(.*\)|\S+)/.exec(text)!
    return { listener: listener as Line['listener'], methods: methods!.split(','), name: name!, text }
  })

const redirectToken = 'the token that redirects are signed with'
const users = ['rita', 'wendy', 'anna', 'root']
const secrets = [...users.map(tokenOf), redirectToken]

/** The log of the daemon, as text. */
class LogText extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

async function closedGateway(): Promise<{ gateway: SmallGateway; log: LogText }> {
  const root = temporaryDirectory()
  writeFileSync(join(root, 'hello.txt'), 'hello')
  const log = new LogText()
  const entries = [
    aclLine('rita'),
    aclLine('wendy', 'write'),
    aclLine('anna', 'unsigned'),
    aclLine('root', 'admin'),
  ]
  const gateway = await smallGateway({
    nodesPerShard: [1, 1],
    options: { log: pino({ level: 'trace' }, log) },
    acls: { 1: entries, 2: entries },
    admins: entries,
    proxy: { root, 'redirect-port': 'node', 'redirect-token': redirectToken },
  })
  return { gateway, log }
}

/** The names of the columns' users: who may do it, and who lacks the flag. */
function peopleOf({ effect, admin = false }: AccessRoute) {
  if (admin) return { right: 'root', without: 'wendy', unsigned: 'anna' }
  if (effect === 'write' || effect === 'delete') return { right: 'wendy', without: 'rita', unsigned: 'anna' }
  return { right: 'rita', without: 'wendy', unsigned: 'anna' }
}

interface Asked {
  readonly line: Line
  readonly method: string
  readonly form: SignedForm
  readonly how: AccessCase
}

/** What was wrong beside the status, in words. */
type Fault = (what: string) => void

async function ask(gateway: SmallGateway, { line, method, form, how }: Asked, fault: Fault): Promise<number> {
  const route = accessRoutes[`${line.listener} ${line.name}`]
  if (route === undefined) throw new Error(`Nobody says how ${line.listener} ${line.name} is asked`)
  const key = `${form}/${method}${line.name}/${how}`
  const stored = form === 'plain' ? key + plainQuery : key
  const { effect } = route
  const isNew = effect === 'write'
  if (!isNew && effect !== 'none' && effect !== 'configure') {
    await gateway.node('11').store.put(stored, Buffer.from('meow'))
  }
  const { right, without, unsigned } = peopleOf(route)
  const request = { method, path: route.path(key), right, without, unsigned }
  const { target, headers, rightSignatures } = signedRequest(form, how, request)
  const port = line.listener === 'gateway' ? gateway.gatewayPort : gateway.port
  const body = method === 'GET' || method === 'HEAD' ? undefined : route.body?.(key, gateway)
  const type = route.contentType === undefined ? {} : { 'Content-Type': route.contentType }
  const answer = await send(port, method, target, {
    headers: { ...headers, ...type },
    ...(body === undefined ? {} : { body }),
  })
  const done = answer.status < 300
  if (effect === 'write' || effect === 'delete' || effect === 'read') {
    const there = (await isStored(gateway, '11', stored)) || (await isStored(gateway, '21', stored))
    const expected = effect === 'read' ? true : isNew === done
    if (there !== expected) fault(there ? 'the blob is there' : 'the blob is not there')
  }
  if (effect === 'configure') {
    const { headers: now } = await send(gateway.gatewayPort, 'GET', '/ping/')
    if ((now['x-configured'] === encodeURIComponent(key)) !== done)
      fault('the configuration is the wrong one')
  }
  if (answer.status === 403) checkSilence(answer, rightSignatures, fault)
  return answer.status
}

async function isStored({ nodes }: SmallGateway, id: string, name: string): Promise<boolean> {
  return (await nodes.get(id)?.store.head(name)) !== undefined
}

function checkSilence({ headers, body }: Answer, rightSignatures: readonly string[], fault: Fault): void {
  const said = JSON.stringify(headers) + body.toString()
  if (rightSignatures.some((signature) => said.includes(signature))) fault('the right signature is told')
  if (secrets.some((secret) => said.includes(secret))) fault('a token is told')
}

/** A line for each method and form whose statuses are not as the table says, and for each fault. */
async function deviations(gateway: SmallGateway, line: Line): Promise<string[]> {
  const found: string[] = []
  const expected = line.text.slice(-accessCases.length * 5).trim()
  for (const method of line.methods) {
    for (const form of line.listener === 'plain' ? (['plain'] as const) : (['header', 'link'] as const)) {
      const statuses: number[] = []
      for (const how of accessCases) {
        const fault = (what: string) => found.push(`${line.name} ${method} ${form} ${how}: ${what}`)
        statuses.push(await ask(gateway, { line, method, form, how }, fault))
      }
      const actual = statuses.join('  ')
      if (actual !== expected) found.push(`${line.listener} ${method} ${line.name} (${form}): ${actual}`)
    }
  }
  return found
}

test('every route answers each signature as the table says; what it refuses changes nothing and tells nothing', async () => {
  const { gateway, log } = await closedGateway()
  const found: string[] = []
  for (const line of lines) found.push(...(await deviations(gateway, line)))
  expect(found).toEqual([])

  // Nothing that anybody can read shows a token, or a signature that could be used again.
  const link = linkOf({ user: 'wendy', method: 'GET', path: '/get/1/not there' })
  expect((await send(gateway.gatewayPort, 'GET', link)).status).toBe(404)
  await gateway.node('11').stop()
  expect((await send(gateway.gatewayPort, 'GET', link)).status).toBe(503)
  expect(log.text).toContain('request failed')
  const signature = new URL(link, 'http://x').searchParams.get('signature') as string
  const shown = [log.text]
  for (const path of ['/stat/', '/proxy_stat/']) {
    const headers = { Authorization: authorizationOf({ user: 'root', method: 'GET', path }) }
    const answer = await send(gateway.gatewayPort, 'GET', path, { headers })
    expect(answer.status).toBe(200)
    shown.push(answer.body.toString())
  }
  for (const path of ['/-/cluster', '/-/metrics', '/-/explain', '/stats']) {
    shown.push((await send(gateway.port, 'GET', path)).body.toString())
  }
  expect(shown[2]).toContain('not%20there')
  for (const secret of [...secrets, signature]) {
    for (const text of shown) expect(text).not.toContain(secret)
  }
})

test('a route without lines in the table does not exist', async () => {
  const { gateway } = await closedGateway()
  // A line that refuses everybody is of a route that does not exist.
  const ofRoutes = lines.filter(({ text }) => / [23]\d\d/.test(text))
  const listed = new Set(
    ofRoutes.flatMap(({ listener, methods, name }) =>
      methods.map((method) => `${listener} ${method} ${name}`),
    ),
  )
  const served = await servedRoutes(gateway)
  expect(served.length).toBeGreaterThan(30)
  expect(served.filter((route) => !listed.has(route))).toEqual([])
})

test('a link is no way in on the listener of 2013: it belongs to the name', async () => {
  const { gateway } = await closedGateway()
  await gateway.node('11').store.put('cat', Buffer.from('meow'))
  const link = linkOf({ user: 'rita', method: 'GET', path: '/1:cat' })
  expect((await send(gateway.port, 'GET', link)).status).toBe(403)
})

test('without an admin ACL nobody may do what belongs to the administrators of the gateway', async () => {
  const gateway = await smallGateway({ nodesPerShard: [1], acls: { 1: [aclLine('root', 'admin', 'write')] } })
  for (const [method, path] of [
    ['GET', '/stat/'],
    ['GET', '/proxy_stat/'],
    ['POST', '/update_local_config/'],
  ] as const) {
    const headers = { Authorization: authorizationOf({ user: 'root', method, path }) }
    const body = method === 'POST' ? { body: '{"proxy":{}}' } : {}
    expect((await send(gateway.gatewayPort, method, path, { headers, ...body })).status).toBe(403)
    expect((await send(gateway.gatewayPort, method, path, body)).status).toBe(403)
  }
})

test('an ACL is gone by in running coordinators, and one that cannot be understood keeps everybody out', async () => {
  const everybody = aclLine('*', 'unsigned', 'write')
  const gateway = await smallGateway({ nodesPerShard: [1, 1], acls: { 1: [everybody] } })
  const { coordinator, tree, gatewayPort, port } = gateway
  for (const shard of ['1', '2']) {
    expect((await send(gatewayPort, 'PUT', `/upload/${shard}/a`, { body: 'meow' })).status).toBe(200)
  }
  await gateway.setAcl('1', [aclLine('wendy', 'write')])
  await tree.create(treePaths.shardAcl('2'), Buffer.from('{"acl":[{"user":"*"'))
  await until(() => coordinator.snapshot.shards.get('2')?.access === 'closed', 'the shard is closed')
  for (const shard of ['1', '2']) {
    expect((await send(gatewayPort, 'GET', `/get/${shard}/a`)).status).toBe(403)
    expect((await send(port, 'GET', `/${shard}:a`)).status).toBe(403)
    expect((await send(port, 'DELETE', `/${shard}:a`)).status).toBe(403)
  }
  expect((await send(port, 'PUT', '/b', { body: 'meow' })).status).toBe(403)
})
