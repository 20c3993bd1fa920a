export { createPluginHost, type Look, type PluginHost } from './host.js'
