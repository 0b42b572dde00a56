// The file that `--watch` keeps up to date, and the nginx that reads it. Says on standard error what happens, once.
import type { ClusterSnapshot } from '@backpack/cluster-model'
import { printNote } from '@backpack/command-line'
import { readIfThere, reloadNginx, replaceFile } from './configuration-file.js'
import { generateNginx } from './generate-nginx.js'
import type { NginxOptions } from './nginx-options.js'

export class KeptConfiguration {
  readonly path: string
  readonly #options: NginxOptions
  readonly #reloadCommand: string | undefined
  /** At first too: the file may have been written just before this process's predecessor was killed. */
  #reloadDue = true
  #remarks = ''
  #failure: string | undefined

  constructor(path: string, options: NginxOptions, reloadCommand: string | undefined) {
    this.path = path
    this.#options = options
    this.#reloadCommand = reloadCommand
  }

  /**
   * Writes the file if the model asks for another one and nginx finds it fine, and lets nginx read it. False when that did
   * not succeed: the file and nginx are as they were, and it is worth trying again.
   */
  async bringUpTo(snapshot: ClusterSnapshot): Promise<boolean> {
    const failure = await this.#try(snapshot)
    if (failure !== undefined && failure !== this.#failure) printNote(failure)
    this.#failure = failure
    return failure === undefined
  }

  async #try(snapshot: ClusterSnapshot): Promise<string | undefined> {
    const { path } = this
    const { text, warnings } = generateNginx(snapshot, this.#options)
    this.#remark([...snapshot.problems, ...warnings])
    const present = await readIfThere(path)
    // A root that was mistyped or emptied must not take all photos off the air.
    if (present !== undefined && snapshot.shards.size === 0)
      return `${path} is kept: the model has no shards.`
    if (text !== present) {
      const result = await replaceFile(path, text, { check: true })
      if (result.verdict === 'refused') return `${path} is kept: nginx refuses the new one.\n${result.reason}`
      printNote(`${path} is written.`)
      this.#reloadDue = true
    }
    if (!this.#reloadDue) return undefined
    const refusal = await reloadNginx(path, this.#reloadCommand)
    if (refusal !== undefined) return `nginx cannot be told to reload:\n${refusal}`
    this.#reloadDue = false
    printNote('nginx reloads.')
    return undefined
  }

  #remark(remarks: readonly string[]): void {
    const text = remarks.map((remark) => `Warning: ${remark}.`).join('\n')
    if (text !== '' && text !== this.#remarks) printNote(text)
    this.#remarks = text
  }
}
