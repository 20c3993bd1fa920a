export { castDemo, type DemoServer } from './cast.js'
export { startTraffic, type Traffic } from './traffic.js'
