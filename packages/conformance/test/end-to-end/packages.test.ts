import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

/** What experience promises of each public entry; as users load them, built. */
const entries = {
  '@reverse-http/connector': ['connect', 'ReverseHttpError'],
  '@reverse-http/connector/node': ['byTarget', 'connect', 'ReverseHttpError'],
  '@reverse-http/gateway/testing': ['startTestGateway'],
  '@reverse-http/gateway': ['byCookie', 'byHeader', 'byHost', 'byPath', 'createGateway', 'toTarget'],
};

test.each(Object.entries(entries))('%s is there for import and for require()', (entry, names) => {
  const list = (load: string): string[] => {
    const script = `${load}.then((entry) => console.log(JSON.stringify(Object.keys(entry))))`;
    return JSON.parse(execFileSync(process.execPath, ['--no-warnings', '--eval', script], { encoding: 'utf8' }));
  };
  const imported = list(`import('${entry}')`);
  expect(imported).toEqual(expect.arrayContaining(names));
  expect(list(`Promise.resolve(require('${entry}'))`).filter((name) => name !== '__esModule')).toEqual(imported);
});
