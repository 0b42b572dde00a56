// Which buckets /stat is about, however they are listed.
import { describe, expect, test } from 'vitest'
import { jsonOf, send } from '../helpers/http-request.js'
import { aclLine, smallGateway } from './small-gateway.js'

describe('the statistics', () => {
  interface Stat {
    readonly Buckets: Readonly<Record<string, { readonly Group: Readonly<Record<string, unknown>> }>>
  }

  async function stat(target: string) {
    const gateway = await smallGateway({
      nodesPerShard: [2, 1, 1],
      admins: [aclLine('root', 'admin', 'unsigned')],
    })
    return send(gateway.gatewayPort, 'GET', `${target}?user=root&signature=00`)
  }

  test.each([
    ['/stat/[1,2]', ['1', '2']],
    ['/stat/%5B1,2%5D', ['1', '2']],
    ['/stat/1,2', ['1', '2']],
    ['/stat/[3]/', ['3']],
    ['/stat/[]', ['1', '2', '3']],
    ['/stat/', ['1', '2', '3']],
    ['/stat', ['1', '2', '3']],
  ])('%s are of the buckets %j, with every node of them', async (target, buckets) => {
    const answer = await stat(target)
    expect(answer.status).toBe(200)
    const { Buckets } = jsonOf<Stat & Record<string, unknown>>(answer)
    expect(Object.keys(Buckets)).toEqual(buckets)
    if (buckets.includes('1')) expect(Object.keys(Buckets['1']?.Group ?? {})).toEqual(['11', '12'])
    expect(answer.body.toString()).toContain('"usedBytes"')
  })

  test.each(['/stat/[9]', '/stat/[1,9]', '/stat/[1][2]', '/stat/%ff'])('%s is refused', async (target) => {
    expect((await stat(target)).status).toBe(400)
  })
})
