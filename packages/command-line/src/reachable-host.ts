import { isIP } from 'node:net'

/** Whether other machines may reach what listens at this address or host name. */
export function isReachable(host: string): boolean {
  return host !== 'localhost' && host !== '::1' && !(isIP(host) === 4 && host.startsWith('127.'))
}
