#!/usr/bin/env node
'use strict'

require('./launch.cjs').launch((cli) => cli.runCommand2013('print-stats', process.argv))
