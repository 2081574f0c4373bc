import { defineConfig } from 'vitest/config';

const source = (path: string): string => new URL(`./packages/${path}`, import.meta.url).pathname;

export default defineConfig({
  resolve: {
    // Tests run on the sources, so that one module is never loaded twice (once built, once not).
    alias: [
      { find: /^@reverse-http\/protocol\/(.+)$/, replacement: source('protocol/src/$1/index.ts') },
      { find: /^@reverse-http\/connector\/node$/, replacement: source('connector/src/node/index.ts') },
      { find: /^@reverse-http\/connector$/, replacement: source('connector/src/index.ts') },
      { find: /^@reverse-http\/gateway\/testing$/, replacement: source('gateway/src/testing/index.ts') },
      { find: /^@reverse-http\/gateway$/, replacement: source('gateway/src/index.ts') },
    ],
  },
  test: {
    include: ['{packages,examples}/*/test/**/*.test.ts', '{scripts,examples}/test/**/*.test.ts'],
    testTimeout: 20_000,
    // Most of the time is spent waiting, so two at a time are worth it on two processors as well, where one is the default.
    maxWorkers: 2,
  },
});
