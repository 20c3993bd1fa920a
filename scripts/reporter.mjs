import { writeFileSync } from 'node:fs'

/**
 * A vitest reporter that leaves the run's account as JSON in the file that MCP_VITALS_TEST_SUMMARY names:
 * `{ passed, failed, problems, broken }`. Whatever is not a plain pass is a failure with its reason in `problems`: a
 * failed, skipped or unfinished test, a file or suite that broke outside its tests, an error that nobody caught.
 * `broken` has the files with problems, `[file, passed]` each, and is empty when something went wrong outside a file.
 */
export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors, reason) {
    const problems = []
    const broken = []
    let passed = 0
    for (const module of modules) {
      const file = module.relativeModuleId ?? module.moduleId
      const before = { problems: problems.length, passed }
      for (const error of module.errors()) problems.push(`${file}: ${firstLine(error)}`)
      for (const suite of module.children.allSuites())
        for (const error of suite.errors()) problems.push(`${file} > ${suite.fullName}: ${firstLine(error)}`)
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'passed') passed++
        else problems.push(`${file} > ${test.fullName}: ${state === 'pending' ? 'did not finish' : state}`)
      }
      if (problems.length > before.problems) broken.push([file, passed - before.passed])
    }
    const inFiles = problems.length
    for (const error of unhandledErrors) problems.push(`unhandled: ${firstLine(error)}`)
    if (reason === 'interrupted') problems.push('the run was interrupted')
    if (problems.length > inFiles) broken.length = 0
    const account = { passed, failed: problems.length, problems, broken }
    writeFileSync(process.env.MCP_VITALS_TEST_SUMMARY, JSON.stringify(account))
  }
}

const firstLine = (error) => String(error?.message ?? error).split('\n', 1)[0]
