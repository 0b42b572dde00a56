export { ClusterError, codeOf } from '@backpack/cluster-model'
export {
  type Fetched,
  GatewayClient,
  type GatewayClientOptions,
  type LinkOptions,
  type Uploaded,
  type UploadOptions,
} from './gateway-client.js'
export { type LinkRequest, signLink } from './sign-link.js'
