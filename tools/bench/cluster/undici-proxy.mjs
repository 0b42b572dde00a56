// The least that a proxy in Node can be: node:http in front, an undici pool behind, no queue, no choice, no retry.
// Arguments: port to listen on, port of the store, what to take off before the name.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const require = createRequire(fileURLToPath(new URL('../../package.json', import.meta.url)))
const { Pool } = require('undici')
const [listenPort, storePort, prefix = ''] = process.argv.slice(2)
const pool = new Pool(`http://127.0.0.1:${storePort}`, { connections: 64 })

createServer((request, response) => {
  const { method, url, headers } = request
  const path = url.startsWith(`/${prefix}`) ? `/${url.slice(prefix.length + 1)}` : url
  const body = method === 'PUT' ? request : undefined
  const length = headers['content-length']
  const sent = length === undefined ? {} : { 'content-length': length }
  pool
    .stream({ path, method, body, headers: sent }, ({ statusCode, headers: answered }) => {
      response.writeHead(statusCode, answered)
      return response
    })
    .catch((error) => {
      response.destroy(error)
    })
}).listen(Number(listenPort), '127.0.0.1')
