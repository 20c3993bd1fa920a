export { serverName } from './name.js'
export { PROXY_TIMES, type ProxyTimes } from './options.js'
export { createStdioProxy, type StdioProxy, type StdioProxyOptions } from './proxy.js'
