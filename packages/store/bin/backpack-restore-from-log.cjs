#!/usr/bin/env node
'use strict'

require('./launch.cjs').launch((cli) => cli.run2013('restore-from-log', process.argv))
