// The process behind DaemonProcess: opens a store, serves it, says where.
import { pino } from 'pino'
import { startDaemon, Store } from '../../src/index.js'
import type { DaemonOrders } from './daemon-process.js'

const { store: options } = JSON.parse(process.argv[2]!) as DaemonOrders
process.stdin.on('end', () => process.exit(1)).resume()
process.stdout.write('opening\n')
const store = await Store.open(options)
const daemon = await startDaemon({ store, host: '127.0.0.1', port: 0, log: pino({ level: 'silent' }) })
process.stdout.write(`listening ${daemon.port}\n`)
process.once('SIGTERM', () => {
  void daemon
    .drain()
    .then(() => store.close())
    .then(() => process.exit(0))
})
