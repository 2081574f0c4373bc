import type { LookupFunction } from 'node:net';
import { expect, test } from 'vitest';
import { createLookup } from '../src/node/client/lookup.js';

type Answer = Parameters<Parameters<LookupFunction>[2]>;

test('a name is looked up once at a time, and anew each time', () => {
  const asked: { name: string; answer: (...answer: Answer) => void }[] = [];
  const lookup = createLookup((name, _options, answer) => void asked.push({ name, answer }));
  const heard: unknown[] = [];
  const ask = (name: string, all = false): void =>
    lookup(name, { all }, (error, address) => void heard.push(error?.code ?? address));

  for (let i = 0; i < 3; i++) ask('gw');
  ask('other');
  ask('gw', true);
  expect(asked.map(({ name }) => name)).toEqual(['gw', 'other', 'gw']);
  asked[0]!.answer(Object.assign(new Error('no'), { code: 'EAI_AGAIN' }), '');
  expect(heard).toEqual(['EAI_AGAIN', 'EAI_AGAIN', 'EAI_AGAIN']);
  ask('gw');
  asked[3]!.answer(null, '127.0.0.1', 4);
  ask('gw');
  asked[4]!.answer(null, '127.0.0.2', 4);
  expect(heard.slice(3)).toEqual(['127.0.0.1', '127.0.0.2']);
});

test('by the system', async () => {
  const address = await new Promise((resolve, reject) =>
    createLookup()('localhost', { family: 4 }, (error, found) => (error ? reject(error) : resolve(found))),
  );
  expect(address).toBe('127.0.0.1');
});
