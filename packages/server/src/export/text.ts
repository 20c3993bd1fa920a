import { stringify } from 'yaml'
import type { LogSubject, Subject } from './contract.js'

/** What stands at the head of every file that has comments: where it came from, and what a person should know. */
export function heading({ command }: Subject, target: string, notes: readonly string[] = [], mark = '#'): string {
  const written = `Written by "${command.replace('export', `export ${target}`)}".`
  return [written, ...notes].map((line) => `${mark} ${line}\n`).join('')
}

/** A document of YAML below its heading. Long texts stay on one line, as expressions are read by people. */
export function yamlFile(head: string, ...documents: readonly object[]): string {
  const texts = documents.map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
  return head + texts.join('---\n')
}

/** What makes the daemon write the file that a log shipper reads. */
export const writtenBy = ({ file, isJson }: LogSubject): string =>
  `The daemon writes it with LOG_FILE=${file} and LOG_FORMAT=${isJson ? 'json' : 'text'}.`
