export { endUnread } from './end-unread.js'
export { makeServer, type RequestHandler, type ServerLimits } from './make-server.js'
export {
  expectsContinue,
  type Fault,
  type FaultCode,
  faultOfError,
  faultOfRequest,
  faultStatuses,
} from './request-fault.js'
