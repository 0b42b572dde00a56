// Whatever is no handler's is a file below the configured root. No listings, nothing outside of the root, nothing hidden.
import { ClusterError } from '@backpack/cluster-model'
import send from '@fastify/send'
import type { FastifyPluginCallback } from 'fastify'
import { access, constants, lstat, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { GatewayParts } from './gateway-parts.js'
import { staticPathOf } from './read/static-path.js'

export const staticFiles: FastifyPluginCallback<GatewayParts> = (app, parts, done) => {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/static/',
    config: { access: 'everyone' },
    handler: async (request, reply) => {
      const { root } = parts.config()
      if (root === undefined) throw new ClusterError('NOT_CONFIGURED', 'There is no root for files')
      const file = await findFile(root, request.target.path)
      if (file === undefined) throw noFile()
      const { root: realRoot, path } = file
      const answer = await send(request.raw, encodePath(path), {
        root: realRoot,
        index: false,
        dotfiles: 'ignore',
        cacheControl: false,
      })
      const { statusCode, headers, stream } = answer
      if (answer.type !== 'file' && statusCode !== 304) {
        stream.destroy()
        throw refusalOf(statusCode, headers)
      }
      reply.header('X-Content-Type-Options', 'nosniff')
      return reply.code(statusCode).headers(headers).send(stream)
    },
  })
  done()
}

interface FoundFile {
  readonly root: string
  /** Below the root. */
  readonly path: string
}

/** Links are followed as long as they stay below the root. */
async function findFile(root: string, path: string): Promise<FoundFile | undefined> {
  const parts = staticPathOf(path)
  if (parts === undefined) return undefined
  try {
    const realRoot = await realpath(root)
    const file = await realpath(join(realRoot, ...parts))
    const below = relative(realRoot, file)
    if (!file.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) return undefined
    await access(file, constants.R_OK)
    // Anything else could be without an end, or be waited for.
    return (await lstat(file)).isFile() ? { root: realRoot, path: below } : undefined
  } catch {
    // Not there, not ours to read, or no name for a file.
    return undefined
  }
}

/** send() decodes it again. */
function encodePath(path: string): string {
  return `/${path.split(sep).map(encodeURIComponent).join('/')}`
}

function refusalOf(status: number, headers: Record<string, string>): ClusterError {
  if (status === 412)
    return new ClusterError('PRECONDITION_FAILED', 'The file is not the one that was expected')
  if (status !== 416) return noFile()
  const contentRange = headers['Content-Range']
  const details = contentRange === undefined ? {} : { headers: { 'Content-Range': contentRange } }
  return new ClusterError('RANGE_INVALID', 'The range lies outside of the file', details)
}

function noFile(): ClusterError {
  return new ClusterError('BLOB_MISSING', 'There is no such file')
}
