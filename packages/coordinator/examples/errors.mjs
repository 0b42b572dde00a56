// What an application does about the errors it can get: it decides by their code.
import { smallCluster } from './small-cluster.mjs'

const { coordinator, stores, close } = await smallCluster()
const refusedWith = (work) =>
  work.then(
    () => 'nothing',
    (error) => error.code,
  )

const meow = Buffer.from('meow')
console.log('no such shard:', await refusedWith(coordinator.put('a', meow, { shardId: '7' })))
console.log('more copies than nodes:', await refusedWith(coordinator.put('a', meow, { copies: 3 })))
console.log('a bad name:', await refusedWith(coordinator.put('', meow)))

const { shardId } = await coordinator.put('a', meow)
console.log('a blob that is not there:', await coordinator.get(shardId, 'b'))

// One store away: reads and uploads go on. Both away: trying again later may help.
await stores[0].close()
console.log('one store away:', await refusedWith(coordinator.put('c', meow)))
await stores[1].close()
console.log('both stores away:', await refusedWith(coordinator.head(shardId, 'a')))
await close()
