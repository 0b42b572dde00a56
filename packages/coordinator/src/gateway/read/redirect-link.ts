// The answer of a redirect: a link to a blob on one of its nodes, signed for a while, and Backrunner's headers that say
// the same, signed, too. Pure.
import { type NodeBlob, pathOfName, type ServerNode } from '@backpack/cluster-model'
import { type Secret, signedText, signText } from '@backpack/signing'
import type { GatewayConfig } from '../config/gateway-config.js'

export interface RedirectOrder {
  readonly node: Pick<ServerNode, 'host' | 'port'>
  /** 'node': the node's own. */
  readonly redirectPort: number | 'node'
  readonly name: string
  readonly blob: Pick<NodeBlob, 'sizeBytes' | 'lastModified'>
  readonly token: Secret
  /** On every reply: a client that sends the X-Ell- headers on sends these, too. */
  readonly replyHeaders: GatewayConfig['headers']
  /** Unix time. */
  readonly nowSeconds: number
  readonly validSeconds: number
}

/** The headers of the 302. The link is good for a GET and a HEAD until it expires. */
export function redirectHeaders(order: RedirectOrder): Record<string, string> {
  const { name, blob, token, replyHeaders, nowSeconds, validSeconds } = order
  const path = `/${name}`
  const ofBlob = {
    'X-Ell-Mtime': String(unixSecondsOf(blob.lastModified)),
    'X-Ell-Signtime': String(nowSeconds),
    'X-Ell-Signature-Timeout': String(validSeconds),
    'X-Ell-File-Offset': '0',
    'X-Ell-Total-Size': String(blob.sizeBytes),
    // Escaped, for a header holds no other characters.
    'X-Ell-File': pathOfName(name),
  }
  // Of two of a name the first is signed, and sent: ours.
  const headers = [...Object.entries(ofBlob), ...replyHeaders]
  return {
    Location: linkOf(order),
    ...ofBlob,
    Authorization: signText(token, signedText({ method: 'GET', path, headers })),
    'Cache-Control': 'no-store',
  }
}

function linkOf({ node, redirectPort, name, token, nowSeconds, validSeconds }: RedirectOrder): string {
  const expires = String(nowSeconds + validSeconds)
  const text = signedText({ method: 'GET', path: `/${name}`, query: [['expires', expires]] })
  const host = node.host.includes(':') ? `[${node.host}]` : node.host
  const port = redirectPort === 'node' ? node.port : redirectPort
  return `http://${host}:${port}${pathOfName(name)}?expires=${expires}&signature=${signText(token, text)}`
}

function unixSecondsOf(lastModified: string | undefined): number {
  const timeMs = Date.parse(lastModified ?? '')
  return Number.isFinite(timeMs) ? Math.floor(timeMs / 1000) : 0
}
