#!/usr/bin/env node
// Committed, so that `npm ci` can link the command before anything was built.
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('rhttp is not built yet: run npm run build');
  process.exitCode = 1;
}
