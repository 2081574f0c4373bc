// Prints "PASSED FAILED" from a report of Vitest's JSON reporter. What ends without a failed test of its own (a file that does not
// load, an unhandled rejection, no report at all) counts as one failed.
// Usage: count-tests.js REPORT EXIT_STATUS

import { readFileSync } from 'node:fs';

/**
 * @typedef {{ status: string; assertionResults: { status: string }[] }} TestFile
 * @type {(report: string) => TestFile[]}
 */
function testFiles(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return [];
  }
}

const [report = '', exitStatus] = process.argv.slice(2);
const files = testFiles(report);
const tests = files.flatMap((file) => file.assertionResults);
const brokenFiles = files.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
);
const passed = tests.filter(({ status }) => status === 'passed').length;
const failed = tests.filter(({ status }) => status === 'failed').length + brokenFiles.length;
console.log(`${passed} ${failed === 0 && exitStatus !== '0' ? 1 : failed}`);
