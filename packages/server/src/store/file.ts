/** Name of the event database in the state directory. */
export const DATABASE_FILE = 'events.db'
