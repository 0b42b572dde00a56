// What went wrong in listening, in words for whoever chose the address.
import { CliError } from '@backpack/command-line'

/** `host` and `port` are used where the error does not say which. Gives back what is no error of listen(2). */
export function listenError(cause: unknown, asked: { host: string; port: number }): unknown {
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
  switch (code) {
    case 'EADDRINUSE':
      return new CliError(`Port ${port} of ${host} is in use by another program.`, {
        advice: 'Stop that one (`ss -ltnp` shows it), or choose another port.',
        cause,
      })
    case 'EACCES':
      return new CliError(`This user may not listen on port ${port}.`, {
        advice: 'Choose a port from 1024 on.',
        cause,
      })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new CliError(`${host} is no address of this machine.`, {
        advice: 'Use 127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses.',
        cause,
      })
    default:
      return cause
  }
}
