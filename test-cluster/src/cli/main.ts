// `npm run cluster`: starts a cluster, shows a photo on its stores, and stays until Ctrl-C. Should this process be killed,
// everything it started ends with it.
import { once } from 'node:events'
import { TestCluster } from '../cluster/test-cluster.js'
import { type ClusterArguments, parseClusterArguments, usage } from './cluster-arguments.js'
import { describeAddresses, describeTrials, showPhoto } from './describe-cluster.js'
import { describeGatewayTrials, guardShard } from './gateway-trials.js'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const exitCodes = { failed: 1, usage: 2 }

/** Runs until a signal, and sets the exit code. A second signal ends it at once. */
export async function runTestCluster(args: readonly string[]): Promise<void> {
  const parsed = readArguments(args)
  if (parsed === undefined) return
  const stopping = new AbortController()
  const stop = () => {
    if (stopping.signal.aborted) process.exit(exitCodes.failed)
    say('Stopping')
    stopping.abort()
  }
  for (const signal of signals) process.on(signal, stop)
  try {
    await serve(parsed, stopping.signal)
  } catch (error) {
    if (!stopping.signal.aborted) {
      process.stderr.write(`✗ ${error instanceof Error ? error.message : String(error)}\n`)
      process.exitCode = exitCodes.failed
    }
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
  if (stopping.signal.aborted) say('Everything has ended, and its files are gone.')
}

function readArguments(args: readonly string[]): ClusterArguments | undefined {
  try {
    const parsed = parseClusterArguments(args)
    if (parsed !== 'help') return parsed
    say(usage)
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}\n`)
    process.exitCode = exitCodes.usage
  }
  return undefined
}

async function serve(options: ClusterArguments, signal: AbortSignal): Promise<void> {
  const startedAtMs = performance.now()
  const sayStep = (step: string) => {
    say(`${((performance.now() - startedAtMs) / 1000).toFixed(1).padStart(6)} s  ${step}`)
  }
  say('Starting a cluster')
  await using cluster = await TestCluster.start({ ...options, signal, onStep: sayStep })
  sayStep('ready')
  sayBlock(describeAddresses(cluster))
  if (cluster.gateways.size > 0) await guardShard(cluster)
  const photo: string[] = []
  const uploaded = await showPhoto(cluster, (line) => photo.push(line))
  sayBlock(photo)
  const trials = [...describeTrials(cluster, uploaded), ...describeGatewayTrials(cluster)]
  sayBlock(['Try in another terminal:', ...trials.map((line) => `  ${line}`)])
  sayBlock(['Ctrl-C stops it.'])
  if (!signal.aborted) await once(signal, 'abort')
}

function sayBlock(lines: readonly string[]): void {
  say(`\n${lines.join('\n')}`)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
