// A line for who has just started a store: stores a text and shows it, when it is pasted into a shell.

export interface TriedStore {
  /** With a slash at the end. */
  readonly url: string
  readonly hasSecret: boolean
  /** Undefined when the secret is in the environment. */
  readonly clusterSecretFile: string | undefined
  readonly refuseUnsignedReads: boolean
}

export function tryIt({ url, hasSecret, clusterSecretFile, refuseUnsignedReads }: TriedStore): string {
  const blob = `'${url}hello.txt'`
  if (!hasSecret) {
    const put = `curl -X PUT --data 'hello' ${blob}`
    // Links are all that it serves, and only a gateway makes them.
    return refuseUnsignedReads ? `Try it: ${put}` : `Try it: ${put} && curl ${blob}`
  }
  const where = clusterSecretFile === undefined ? ' where BACKPACK_CLUSTER_SECRET is set' : ''
  const secret = clusterSecretFile === undefined ? '' : ` --cluster-secret-file ${quoted(clusterSecretFile)}`
  const options = `--url '${url}'${secret}`
  const put = `echo hello | backpack upload - --name hello.txt ${options}`
  const get = refuseUnsignedReads ? `backpack get hello.txt ${options}` : `curl ${blob}`
  return `Try it${where}: ${put} && ${get}`
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`
}
