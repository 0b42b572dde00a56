// @ts-check
// `npm run build`: installs and builds what is not up to date.

import { prepare, runScript } from './prepare.mjs'

await runScript(async () => {
  await prepare()
  return 0
})
