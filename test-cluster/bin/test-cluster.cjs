#!/usr/bin/env node
'use strict'

import('../dist/cli/main.js').then((main) => main.runTestCluster(process.argv.slice(2)))
