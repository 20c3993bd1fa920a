export { EARLY_EVENTS, type Listener, type Vitals, vitals } from './hub.js'
