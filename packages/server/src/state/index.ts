export {
  createVitals,
  type RecentCall,
  type ServerCondition,
  type ServerVitals,
  type Vitals,
  type VitalsFold,
} from './vitals.js'
