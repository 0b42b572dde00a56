// What went wrong in listening, in words for whoever chose the address.
import { CliError } from './cli-error.js'

export interface AskedAddress {
  /** Used where the error does not say which. */
  readonly host: string
  readonly port: number
  /** Whether they are options, `--host` and `--port`; default: arguments. */
  readonly areOptions?: boolean
}

/** A CliError; what is no error of listen(2) is given back as it is. */
export function listenError(cause: unknown, asked: AskedAddress): unknown {
  const {
    code,
    address,
    hostname,
    port = asked.port,
  } = cause as NodeJS.ErrnoException & {
    address?: string
    hostname?: string
    port?: number
  }
  const host = hostname ?? address ?? asked.host
  const withPort = asked.areOptions === true ? ' with --port' : ''
  const withHost = asked.areOptions === true ? '--host ' : ''
  switch (code) {
    case 'EADDRINUSE':
      return new CliError(`Port ${port} of ${host} is in use by another program.`, {
        advice: `Stop that one (\`ss -ltnp\` shows it), or choose another port${withPort}.`,
        cause,
      })
    case 'EACCES':
      return new CliError(`This user may not listen on port ${port}.`, {
        advice: `Choose a port from 1024 on${withPort}.`,
        cause,
      })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new CliError(`${host} is no address of this machine.`, {
        advice: `Use ${withHost}127.0.0.1 for this machine only, or ${withHost}0.0.0.0 for all its addresses.`,
        cause,
      })
    default:
      return cause
  }
}
