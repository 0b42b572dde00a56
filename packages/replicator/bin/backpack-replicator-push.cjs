#!/usr/bin/env node
'use strict'

require('./launch.cjs').launch((cli) => cli.runPush(process.argv))
