#!/usr/bin/env node
'use strict'

require('./launch.cjs').launch((cli) => cli.run2013('get-file-info', process.argv))
