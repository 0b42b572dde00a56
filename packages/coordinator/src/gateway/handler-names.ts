/** The first parts of the gateway's paths; everything else is a static file. */
export const handlerNames = [
  'nobucket_upload',
  'upload',
  'get',
  'lookup',
  'redirect',
  'delete',
  'bulk_delete',
  'stat',
  'proxy_stat',
  'ping',
  'update_local_config',
] as const

export type HandlerName = (typeof handlerNames)[number]
