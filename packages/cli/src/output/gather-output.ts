import type { Output } from '../io.js';

/** See {@link gatherOutput}. */
export interface GatheredOutput extends Output {
  /** Writes what is kept now. */
  flush(): void;
}

/** So many characters are not kept back for the end of the turn. */
const mostKept = 64 * 1024;

/**
 * An output whose text of one turn of the event loop leaves in one piece: under load a system call for each line costs more than
 * the line does. A process that dies within the turn takes it along.
 */
export function gatherOutput(output: Output): GatheredOutput {
  let kept = '';
  const flush = (): void => {
    if (kept === '') return;
    const text = kept;
    kept = '';
    output.write(text);
  };
  return {
    flush,
    write(text) {
      if (kept === '') setImmediate(flush);
      kept += text;
      if (kept.length >= mostKept) flush();
    },
  };
}
