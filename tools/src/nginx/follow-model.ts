// Calls for work at each change of the model, one call at a time.
import type { ClusterSnapshot, ClusterWatch } from '@backpack/cluster-model'
import { setTimeout as sleep } from 'node:timers/promises'

/** Changes that come this close together make one call. */
const settleMs = 300
/** After work that did not succeed, unless the model changes before. */
const retryMs = 30_000

/**
 * Calls `work` with the model of now, then with each later one; again after 30 s when it resolved to false. Resolves once
 * the signal is aborted and no call is under way.
 */
export async function followModel(
  watch: ClusterWatch,
  work: (snapshot: ClusterSnapshot) => Promise<boolean>,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    const { snapshot } = watch
    const succeeded = await work(snapshot)
    if (watch.snapshot === snapshot) await change(watch, { signal, limitMs: succeeded ? undefined : retryMs })
    await pause(settleMs, signal)
  }
}

/** Resolves at the next change, at the end, or after `limitMs`. */
async function change(
  watch: ClusterWatch,
  { signal, limitMs }: { signal: AbortSignal; limitMs: number | undefined },
): Promise<void> {
  const changed = new AbortController()
  const stop = watch.onChange(() => changed.abort())
  const either = AbortSignal.any([changed.signal, signal])
  try {
    if (limitMs !== undefined) await pause(limitMs, either)
    else if (!either.aborted) await new Promise((resolve) => either.addEventListener('abort', resolve))
  } finally {
    stop()
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined)
}
