// What applications and admins ask over HTTP, with names exactly as given: a URL parser would change `..` and the like.
import { Agent } from 'undici'

const connectMs = 2_000
const answerMs = 30_000

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

export interface HttpQuestion {
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS'
  /** As sent: begins with a slash, is percent-encoded. */
  readonly path: string
  readonly body?: Buffer | string
  readonly headers?: Readonly<Record<string, string>>
}

export class ClusterClient {
  // A connection that was kept would be dead after a restart of its server.
  readonly #agent = new Agent({
    pipelining: 0,
    connect: { timeout: connectMs },
    headersTimeout: answerMs,
    bodyTimeout: answerMs,
  })

  /** Rejects when nobody answers. */
  async ask(url: string, { method = 'GET', path, body, headers = {} }: HttpQuestion): Promise<HttpAnswer> {
    const answer = await this.#agent.request({
      origin: url,
      method,
      path,
      body: body ?? null,
      headers: { ...headers },
    })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: Buffer.from(await answer.body.arrayBuffer()),
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

/** The target of a blob on its stores: the name as it is, percent-encoded once. */
export function pathOf(name: string): string {
  return `/${encodeURIComponent(name).replaceAll('%2F', '/')}`
}
