// A progress bar with an estimate on standard error, for work that turns out to take long.
import cliProgress from 'cli-progress'
import { formatBytes, formatCount } from './output.js'

/** Work that is done sooner shows no bar. */
const showAfterMs = 2_000
const redrawMs = 200
const lineEveryMs = 5_000
/** The estimate looks back over so many redraws. */
const estimateRedraws = 50

export interface ProgressOptions {
  /** What is being done, such as 'uploading'. */
  readonly label: string
  /** What `value` and `total` count; undefined: things. */
  readonly unit?: 'bytes' | undefined
  /** Undefined while nobody knows: then the count is shown without bar and estimate. */
  readonly total?: number | undefined
  /** False with --json and --quiet. */
  readonly enabled: boolean
}

/**
 * Shows itself after 2 s: on a terminal as a bar that is redrawn, elsewhere as a line every 5 s. Whoever made it
 * calls stop(), on failure too.
 */
export class Progress {
  readonly #options: ProgressOptions
  #total: number | undefined
  #value = 0
  #bar: cliProgress.SingleBar | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: ProgressOptions) {
    this.#options = options
    this.#total = options.total
    if (options.enabled) this.#timer = setTimeout(() => this.#show(), showAfterMs).unref()
  }

  /** Counts that much more as done. Cheap: may be called for every small step. */
  advance(by = 1): void {
    this.#value += by
  }

  setTotal(total: number): void {
    this.#total = total
  }

  /** Ends the bar, drawn as far as it came. May be called again. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#bar?.update(this.#value)
    this.#bar?.stop()
    this.#bar = undefined
  }

  #show(): void {
    const bar = new cliProgress.SingleBar(
      {
        stream: process.stderr,
        format: (options, params) => this.#draw(options, params),
        noTTYOutput: true,
        notTTYSchedule: lineEveryMs,
        etaBuffer: estimateRedraws,
        hideCursor: true,
        gracefulExit: false,
        barsize: 24,
      },
      cliProgress.Presets.legacy,
    )
    bar.start(this.#total ?? 0, this.#value)
    this.#bar = bar
    this.#timer = setInterval(() => {
      bar.setTotal(this.#total ?? 0)
      bar.update(this.#value)
    }, redrawMs).unref()
  }

  #draw(options: cliProgress.Options, { progress, value, total, eta }: cliProgress.Params): string {
    const { label, unit } = this.#options
    const show = unit === 'bytes' ? formatBytes : formatCount
    if (this.#total === undefined) return `${label} ${show(value)}`
    const bar = cliProgress.Format.BarFormat(progress, options)
    const done = `${label} [${bar}] ${Math.floor(progress * 100)} %, ${show(value)} of ${show(total)}`
    return value < total && Number.isFinite(eta)
      ? `${done}, ${cliProgress.Format.TimeFormat(Math.ceil(eta), options, 1)} left`
      : done
  }
}
