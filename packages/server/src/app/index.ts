export { type App, type AppOptions, startApp } from './app.js'
export { refuseUnfit } from './refuse.js'
