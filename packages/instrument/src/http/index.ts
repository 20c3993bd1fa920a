export { type HttpMiddleware, type HttpOptions, instrumentHttp } from './instrument-http.js'
export { type MetricsHandler, type MetricsHandlerOptions, metricsHandler } from './metrics-handler.js'
export type { HonoLike, NodeHeaders, NodeRequest, NodeResponse, RawReply, RawRequest } from './shapes.js'
