// Uploads of any size through a gateway, written to disk as they arrive: node examples/upload/main.js [FOLDER]

import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream, mkdtempSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { connect } from '@reverse-http/connector/node';
import { findGateway } from '../gateway.js';

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'uploads-'));
const { gateway, token, drainOnCtrlC } = await findGateway();
const connection = connect(createServer(answer), { gateway, token, target: 'upload' });

const { url } = await connection.ready;
console.log(`Folder    ${folder}`);
console.log(`Uploads   ${url}`);
console.log(`Try       curl -T package.json ${url}`);
console.log(`          curl ${url}package.json`);
drainOnCtrlC(() => connection.close());

async function answer(request, response) {
  const name = /^\/([\w-][\w.-]*)$/.exec(request.url)?.[1]; // One plain name: no path leads out of the folder.
  if (!name) return response.writeHead(400).end('Give the file a plain name: PUT /NAME, then GET /NAME.\n');
  try {
    if (request.method === 'PUT') await receive(request, response, join(folder, name));
    else await send(response, join(folder, name));
  } catch (error) {
    if (error.code === 'ENOENT') response.writeHead(404).end(`There is no ${name}.\n`);
    else response.destroy(error); // The visitor left, or the disk failed.
  }
}

async function receive(request, response, path) {
  const hash = createHash('sha256');
  const hashed = async function* (pieces) {
    for await (const piece of pieces) {
      hash.update(piece);
      yield piece;
    }
  };
  const part = `${path}.${randomUUID()}.part`;
  try {
    await pipeline(request, hashed, createWriteStream(part)); // The disk sets the pace, back to the visitor.
    await rename(part, path);
  } finally {
    await rm(part, { force: true }); // What came so far is no file.
  }
  response.writeHead(201, { 'Content-Type': 'text/plain' }).end(`${hash.digest('hex')}\n`);
}

async function send(response, path) {
  const file = await open(path);
  await pipeline(file.createReadStream(), response);
}
