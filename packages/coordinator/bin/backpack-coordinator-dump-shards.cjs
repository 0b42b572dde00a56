#!/usr/bin/env node
'use strict'

require('./launch.cjs').launch((cli) => cli.runCommand2013('dump-shards', process.argv))
