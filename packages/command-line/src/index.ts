export {
  listenPortArgument,
  parseArguments,
  pathArgument,
  portArgument,
  sizeArgument,
  urlArgument,
  wholeNumberArgument,
} from './arguments.js'
export { CliError, exitCodes, usageError } from './cli-error.js'
export { type CommandOf2013, runCommandOf2013 } from './command-2013.js'
export { markDashes, unmarkDashes } from './dash-arguments.js'
export {
  countOf,
  formatBytes,
  formatCount,
  formatTable,
  jsonOption,
  printJson,
  printLine,
  printLines,
  printNote,
  quietOption,
  showName,
  toJson,
} from './output.js'
export { type AskedAddress, listenError } from './listen-error.js'
export { Progress, type ProgressOptions } from './progress.js'
export { isReachable } from './reachable-host.js'
export { reportError, runCommand } from './run-command.js'
export { clusterSecretOption, readClusterSecret, readSecretFile } from './secret-options.js'
