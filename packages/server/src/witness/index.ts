export { createWitnessServer } from './server.js'
export { openWitness, type Witness, type WitnessSetup } from './witness.js'
