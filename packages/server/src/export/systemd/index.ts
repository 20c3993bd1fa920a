import type { ExportTarget, Subject } from '../contract.js'
import { heading } from '../text.js'

export const systemd: ExportTarget = {
  name: 'systemd',
  about: 'units of systemd: the daemon, closed in, and a check every five minutes',
  files: (subject) => [
    { path: `systemd/${subject.name}.service`, text: `${heading(subject, 'systemd')}${daemon(subject)}` },
    { path: `systemd/${subject.name}-check.service`, text: `${heading(subject, 'systemd')}${check(subject)}` },
    { path: `systemd/${subject.name}-check.timer`, text: `${heading(subject, 'systemd')}${timer}` },
  ],
}

/** What both services may do: nothing but to read, to reach the network and to write their own state and log. */
const closedIn = (name: string) => `DynamicUser=yes
User=${name}
StateDirectory=${name}
StateDirectoryMode=0700
LogsDirectory=${name}
ConfigurationDirectory=${name}
Environment=MCP_VITALS_DATA=/var/lib/${name} HOME=/var/lib/${name}
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
LockPersonality=yes
SystemCallArchitectures=native
CapabilityBoundingSet=
UMask=0077
`

const commandOf = ({ name }: Subject, words: string) =>
  `/usr/bin/env mcp-vitals ${words} --config /etc/${name}/mcp-vitals.yaml`

function daemon(subject: Subject): string {
  const preset = subject.preset === undefined ? '' : ` --preset ${subject.preset}`
  return `[Unit]
Description=Vital signs of MCP servers
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=${commandOf(subject, `up${preset}`)}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5
TimeoutStopSec=30
${closedIn(subject.name)}
[Install]
WantedBy=multi-user.target
`
}

function check(subject: Subject): string {
  const preset = subject.preset === undefined ? '' : `Environment=MCP_VITALS_PRESET=${subject.preset}\n`
  return `[Unit]
Description=Health of MCP servers, once

[Service]
Type=oneshot
ExecStart=${commandOf(subject, 'check --once')}
# YELLOW is no failure of the check.
SuccessExitStatus=1
${preset}${closedIn(subject.name)}`
}

const timer = `[Unit]
Description=Health of MCP servers, every five minutes

[Timer]
OnBootSec=1min
OnUnitActiveSec=5min

[Install]
WantedBy=timers.target
`
