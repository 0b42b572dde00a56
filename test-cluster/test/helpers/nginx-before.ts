// nginx as people put it before a gateway: it takes HTTP and HTTPS, and passes on what it is asked.
import { join } from 'node:path'
import { freePort, NginxProcess } from '../../src/index.js'
import type { CertificateMade } from './make-certificate.js'

export interface ProxyRunning extends AsyncDisposable {
  readonly url: string
  readonly secureUrl: string
}

export async function startProxy(
  gatewayPort: number,
  { certFile, keyFile }: CertificateMade,
): Promise<ProxyRunning> {
  const securePort = await freePort()
  const nginx = await NginxProcess.start(({ directory, port }) => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    return `
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${join(directory, 'nginx.pid')};
error_log ${join(directory, 'error.log')};
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${join(directory, name)};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${securePort} ssl;
    ssl_certificate ${certFile};
    ssl_certificate_key ${keyFile};
    client_max_body_size 0;
    location / {
      # No path behind the port: what is asked for goes on as it came. A signature covers it.
      proxy_pass http://127.0.0.1:${gatewayPort};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
    }
  }
}
`
  })
  return {
    url: nginx.url,
    secureUrl: `https://127.0.0.1:${securePort}`,
    [Symbol.asyncDispose]: () => nginx.close(),
  }
}
