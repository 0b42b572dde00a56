#!/usr/bin/env node
'use strict'

require('./launch.cjs').launch((cli) => cli.runBackpack(process.argv))
