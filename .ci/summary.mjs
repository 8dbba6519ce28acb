// Turns vitest's JSON report into the one line that the merge gate reads. A stage that failed
// without a failing test (lint, types, a crash of the test program) counts as one failure.
import { readFileSync } from 'node:fs';

const [path, failedStages] = process.argv.slice(2);
const report = readReport(path);
const passed = report.numPassedTests;
const skipped = report.numPendingTests + report.numTodoTests;
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'),
).length;
const failed = Math.max(report.numFailedTests + brokenFiles, Number(failedStages));
for (const file of report.testResults) {
  for (const test of file.assertionResults) {
    if (test.status === 'failed') console.log(`failed: ${file.name}: ${test.fullName}`);
    if (test.status !== 'passed' && test.status !== 'failed')
      console.log(`skipped: ${test.fullName}`);
  }
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    console.log(`no test report: ${error.message}`);
    return {
      numPassedTests: 0,
      numFailedTests: 1,
      numPendingTests: 0,
      numTodoTests: 0,
      testResults: [],
    };
  }
}
