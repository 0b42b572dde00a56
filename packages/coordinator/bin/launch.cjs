// What every command does before its code is loaded. CommonJS, and without newer syntax, on purpose: an old Node
// must be able to read this, and the size of libuv's thread pool is only obeyed before any ES module is loaded.
'use strict'

const nodeMin = [20, 19]
const threads = '8'

/** Loads the command line and hands it to `run`. */
exports.launch = function launch(run) {
  const version = process.versions.node.split('.').map(Number)
  if (version[0] < nodeMin[0] || (version[0] === nodeMin[0] && version[1] < nodeMin[1])) {
    console.error(
      'Backpack needs Node.js ' + nodeMin.join('.') + ' or newer; this is ' + process.version + '.',
    )
    console.error('Install a newer one (https://nodejs.org/) and try again.')
    process.exit(1)
  }
  if (process.env.UV_THREADPOOL_SIZE === undefined) process.env.UV_THREADPOOL_SIZE = threads
  return import('../dist/cli/main.js').then(run)
}
