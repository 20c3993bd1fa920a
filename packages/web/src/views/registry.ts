import type { FunctionComponent } from 'preact'
import { AlertsView } from './alerts.js'
import { AuditView } from './audit.js'
import { OverviewView } from './overview.js'
import { ProvidersView } from './providers.js'
import { QueryView } from './query.js'
import { ServersView } from './servers.js'
import { SessionView } from './session.js'
import { SessionsView } from './sessions.js'
import { SettingsView } from './settings.js'
import { ToolView } from './tool.js'
import { ToolsView } from './tools.js'
import { WorkView } from './work.js'

export interface ViewProps {
  /** Parts of the path behind the view's name. */
  readonly parts: readonly string[]
}

export interface ViewEntry {
  /** First part of its address. */
  readonly name: string
  /** How many parts may follow it; default: none. */
  readonly parts?: readonly number[]
  readonly title: string
  /** Whether it looks at the range that the address names. */
  readonly hasRange: boolean
  readonly View: FunctionComponent<ViewProps>
}

/** The views, by the first part of their address. */
export const VIEWS: readonly ViewEntry[] = [
  { name: '', title: 'Overview', hasRange: true, View: OverviewView },
  { name: 'servers', title: 'Servers', hasRange: true, View: ServersView },
  { name: 'tools', title: 'Tools', hasRange: true, View: ToolsView },
  { name: 'tools', parts: [2], title: 'Tool', hasRange: true, View: ToolView },
  { name: 'sessions', title: 'Sessions', hasRange: true, View: SessionsView },
  { name: 'sessions', parts: [1], title: 'Session', hasRange: false, View: SessionView },
  { name: 'alerts', title: 'Alerts', hasRange: true, View: AlertsView },
  { name: 'audit', title: 'Audit', hasRange: true, View: AuditView },
  { name: 'query', title: 'Query', hasRange: true, View: QueryView },
  { name: 'providers', title: 'Providers', hasRange: true, View: ProvidersView },
  { name: 'work', title: 'Plugins and queue', hasRange: true, View: WorkView },
  { name: 'settings', title: 'Settings', hasRange: false, View: SettingsView },
]
