// What is said when a daemon cannot listen.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { CliError, listenError } from '../src/index.js'

async function failureOf(host: string, port: number): Promise<unknown> {
  const server = createServer()
  server.listen(port, host)
  const [error] = (await once(server, 'error')) as [Error]
  return error
}

it('names the port that is taken, and the option where it is one', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as AddressInfo
  const cause = await failureOf('127.0.0.1', port)
  const error = listenError(cause, { host: 'x', port: 0 }) as CliError
  expect(error).toBeInstanceOf(CliError)
  expect(error.message).toBe(`Port ${port} of 127.0.0.1 is in use by another program.`)
  expect(error.advice).not.toContain('--port')
  expect((listenError(cause, { host: 'x', port: 0, areOptions: true }) as CliError).advice).toContain(
    '--port',
  )
})

it('names an address that is none of this machine', async () => {
  const error = listenError(await failureOf('203.0.113.1', 0), { host: 'x', port: 0 }) as CliError
  expect(error.message).toBe('203.0.113.1 is no address of this machine.')
})

it('gives back what is no such error', () => {
  const other = new Error('other')
  expect(listenError(other, { host: 'x', port: 0 })).toBe(other)
})
