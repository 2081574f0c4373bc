import { randomBytes } from 'node:crypto';

const adjectives =
  'able amber bold brave brisk calm clear clever crisp eager fair fleet fresh gentle glad golden green grand happy keen kind late light lively lucky merry mild neat nimble noble plain proud quick quiet rapid ready rosy royal sharp shiny silent silver smart smooth snowy solid steady still stout sunny swift tidy true vivid warm wise witty young';
const nouns =
  'badger beaver bison crane deer dove duck eagle falcon ferret finch fox gecko goose hare hawk heron horse ibis jackal jay kite koala lark lemur lion lizard llama lynx marten mole moose mouse newt otter owl panda parrot pigeon pony puffin quail rabbit raven robin salmon seal shark sparrow squid stoat stork swan tapir tern tiger toad trout turtle vole walrus weasel whale wolf wren';
/** Without letters and digits that look alike. */
const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';

/**
 * A name that people can say and nobody can guess: `quiet-otter-7k2m9qxd`. Each of the characters at its end holds 5 random
 * bits, the words hold none that count.
 */
export function readableName(characters: number): string {
  const bytes = randomBytes(characters + 2);
  const pick = (words: string, byte: number): string => {
    const list = words.split(' ');
    return list[byte % list.length]!;
  };
  let tail = '';
  for (const byte of bytes.subarray(2)) tail += alphabet[byte & 31];
  return `${pick(adjectives, bytes[0]!)}-${pick(nouns, bytes[1]!)}-${tail}`;
}
