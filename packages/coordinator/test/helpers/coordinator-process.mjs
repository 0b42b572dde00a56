// A coordinator of dist in a process of its own, so that it can be measured and killed. Its one argument is JSON: the options
// of Coordinator.open. Prints the port it listens on.
import { Coordinator } from '@backpack/coordinator'

const coordinator = await Coordinator.open(JSON.parse(process.argv[2]))
const { port } = await coordinator.listen({ host: '127.0.0.1', port: 0 })
console.log(port)
process.once('SIGTERM', () => {
  void coordinator.close()
})
