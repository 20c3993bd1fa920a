import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { loginService } from '../../../packages/server/src/install/index.js'

const program = { node: '/opt/a b/node', main: '/opt/%h/$x "q"\\/main.js', config: '/c&<d>.yaml', dataDir: undefined }
const places = { home: '/home/ada', env: {}, project: '/' }

test('a unit of systemd names its words so that nothing in them is expanded', () => {
  const { file } = loginService({ ...places, platform: 'linux' }, program)
  expect(file?.path).toBe('/home/ada/.config/systemd/user/mcp-vitals.service')
  const line = 'ExecStart="/opt/a b/node" "/opt/%%h/$$x \\"q\\"\\\\/main.js" "up" "--config" "/c&<d>.yaml"'
  expect(file?.text.split('\n')).toContain(line)
})

test('an agent of launchd is a property list with the same words', () => {
  const { file, start } = loginService({ ...places, platform: 'darwin' }, { ...program, dataDir: '/d' })
  expect(file?.path).toBe('/home/ada/Library/LaunchAgents/mcp-vitals.plist')
  expect(start).toEqual([['launchctl', 'load', '-w', file?.path]])
  const script = 'import plistlib,sys,json; print(json.dumps(plistlib.loads(sys.stdin.buffer.read())))'
  const read = spawnSync('python3', ['-c', script], { input: file?.text, encoding: 'utf8' })
  expect(JSON.parse(read.stdout)).toEqual({
    Label: 'mcp-vitals',
    ProgramArguments: [program.node, program.main, 'up', '--config', program.config, '--data', '/d'],
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
  })
})

test('on Windows the line to type is told', () => {
  const { file, start } = loginService(
    { ...places, platform: 'win32' },
    { ...program, node: 'C:\\n.exe', main: 'C:\\m.js', config: 'C:\\c.yaml' },
  )
  expect(file).toBeUndefined()
  expect(start[0]?.join(' ')).toBe(
    'schtasks /Create /TN mcp-vitals /SC ONLOGON /TR "\\"C:\\n.exe\\" \\"C:\\m.js\\" \\"up\\" \\"--config\\" \\"C:\\c.yaml\\""',
  )
})
