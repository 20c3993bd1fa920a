export { Activity, type ActivityLimits, type ActivityOptions, DEFAULT_ACTIVITY_LIMITS } from './activity.js'
export { type Evidence, evidenceOf } from './evidence.js'
