// A folder of files behind a gateway, with ranges and ETags: node examples/static-folder/main.js [FOLDER]

import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connect } from '@reverse-http/connector/node';
import sirv from 'sirv';
import { findGateway } from '../gateway.js';

const folder = process.argv[2] ?? fileURLToPath(new URL('public', import.meta.url));
if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
  console.error(`${folder} is not a folder.`);
  process.exit(2);
}

const { gateway, token, drainOnCtrlC } = await findGateway();
const files = sirv(folder, { dev: true, etag: true }); // `dev`: looks at the disk for each request, so files may come and go.
const connection = connect(files, { gateway, token, target: 'files' });

const { url } = await connection.ready;
console.log(`Folder    ${folder}`);
console.log(`Files     ${url}`);
console.log(`Try       curl ${url}`);
console.log(`          curl -r 0-99 ${url}poem.txt`);
drainOnCtrlC(() => connection.close());
