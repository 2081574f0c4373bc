import { EventEmitter, once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { get, type Row, requestOf } from './contract/row.js';
import { runContract } from './contract/run-contract.js';

/** More than all that lies between an application and a visitor can hold. */
const length = 16 * 1024 * 1024;
const much = 'x'.repeat(length);

/** How the application calls its visitor, who does not read. */
const signal = new EventEmitter();

/** Long enough for whatever is not held back to arrive. */
async function aWhile(): Promise<void> {
  for (let i = 0; i < 200; i++) await turn();
}

const rows: Row[] = [
  {
    name: 'a visitor that does not read, and then does',
    send: async (client, see) => {
      client.socket.pause();
      client.send(get('Connection: close'));
      await once(signal, 'written');
      await aWhile();
      see('the visitor reads');
      client.socket.resume();
      await client.ended();
    },
    app: (_req, res, see) => {
      res.setHeader('Content-Length', length);
      see(res.write(much), res.writableNeedDrain, res.writableLength > length / 2);
      res.once('drain', () => {
        see('drained', res.writableNeedDrain, res.writableLength);
        res.end();
      });
      signal.emit('written');
    },
  },
  {
    name: 'a visitor that does not read, and leaves',
    send: async (client) => {
      client.socket.pause();
      client.send(get());
      await once(signal, 'written');
      await aWhile();
      client.leave();
    },
    app: (_req, res, see) => {
      res.setHeader('Content-Length', length);
      see(res.write(much));
      signal.emit('written');
    },
  },
  {
    name: 'an upload that is read late',
    send: async (client, see) => {
      client.send(requestOf('POST / HTTP/1.1', [`Content-Length: ${length}`]));
      client.send(much);
      client.socket.once('drain', () => see('the visitor has sent it'));
      await client.answered();
    },
    app: async (req, res, see) => {
      await aWhile();
      see('nobody reads yet', req.readableLength < 1_000_000);
      let read = 0;
      req.on('data', (data: Buffer) => (read += data.length));
      req.on('end', () => {
        see(read);
        res.end('x');
      });
    },
  },
  {
    name: 'an upload that is paused at every piece',
    send: async (client) => {
      client.send(requestOf('POST / HTTP/1.1', [`Content-Length: ${length}`]));
      client.send(much);
      await client.answered();
    },
    app: (req, res, see) => {
      let read = 0;
      req.on('data', (data: Buffer) => {
        read += data.length;
        req.pause();
        setImmediate(() => req.resume());
      });
      req.on('end', () => {
        see(read, req.complete);
        res.end('x');
      });
    },
  },
];

runContract('the pace of the slower side', rows);
