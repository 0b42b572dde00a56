#!/usr/bin/env node
'use strict'

require('./launch.cjs').launch((cli) => cli.run2013('list', process.argv))
