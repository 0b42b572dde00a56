// What every command does before its code is loaded. CommonJS, and without newer syntax, on purpose: an old Node
// must be able to read this.
'use strict'

const nodeMin = [20, 19]

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
  return import('../dist/cli/main.js').then(run)
}
