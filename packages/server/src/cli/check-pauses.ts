import { compileMaintenance } from '../alerts/index.js'
import type { Config } from '../config/index.js'
import { labelsOf, type Subject } from '../monitor/index.js'

/** Whether a subject is within a window of maintenance now. */
export function pausesOf({ monitor: { maintenance }, alerts }: Config): (subject: Subject) => boolean {
  const isOpen = compileMaintenance(maintenance, alerts.times, Date.now)
  return (subject) => isOpen(labelsOf(subject))
}
