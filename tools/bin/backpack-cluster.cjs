#!/usr/bin/env node
'use strict'

import('../dist/backpack-cluster/main.js').then((main) => main.runBackpackCluster(process.argv))
