/** What can be wrong with a log: the words of both verifiers. */
export const AUDIT_FAULTS = {
  changed: 'The row is not as it was written: its bytes, its hash, or what the next row says of it.',
  missing: 'The row is not there, but later ones are.',
  reordered: 'Another row stands in its place: it stands elsewhere, or a row stands twice.',
  cut: 'The log ends before it, though a checkpoint was signed of a longer one.',
  forked: 'From it on there are two histories: two rows claim its place, or checkpoints of both were signed.',
  rewritten: 'It, or a row between it and the next checkpoint, is not the one that the checkpoint was signed of.',
  unsigned: 'No checkpoint with a right signature covers it.',
  'foreign key': 'The checkpoint that should cover it is signed by no key that is trusted for this log.',
} as const

export type AuditFault = keyof typeof AUDIT_FAULTS
