// A directory full of photos of the 2013 store must not quietly become an empty new store.
import { CliError } from '@backpack/command-line'
import fs from 'node:fs'

const dataFile2013 = /^data_\d+$/

/** Throws CliError when the directory holds data files of the 2013 store and no store of ours. */
export function refuseDirectoryOf2013(directory: string): void {
  const names = fs.existsSync(directory) ? fs.readdirSync(directory) : []
  if (names.includes('store.json') || !names.some((name) => dataFile2013.test(name))) return
  throw new CliError(
    `${directory} holds data of the 2013 backpack, which this version reads only to import it.`,
    {
      advice: `backpack import <new directory> --from-2013 ${directory} --redis host:port`,
    },
  )
}
