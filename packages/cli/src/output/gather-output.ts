import type { Output } from '../io.js';

/** So much is not kept back for the end of the turn. */
const mostKept = 64 * 1024;

/**
 * An output whose text of one turn of the event loop leaves in one piece: under load a system call for each line costs more than
 * the line does.
 */
export function gatherOutput(output: Output): Output {
  let kept = '';
  const flush = (): void => {
    if (kept === '') return;
    const text = kept;
    kept = '';
    output.write(text);
  };
  return {
    write(text) {
      if (kept === '') setImmediate(flush);
      kept += text;
      if (kept.length >= mostKept) flush();
    },
  };
}
