import { dropField, dropHopByHop, Field, type Head } from '@reverse-http/protocol/http1';

/** Applies the header rules to a server's answer; returns the lines to add. */
export interface AnswerHeads {
  prepare(head: Head): string;
}

/** On a transparent listener an answer passes as it is. */
export const transparentAnswerHeads: AnswerHeads = { prepare: () => '' };

/** Makes {@link AnswerHeads}; `now` gives milliseconds since 1970. */
export function createAnswerHeads(now: () => number): AnswerHeads {
  let second = 0;
  let dateLine = '';
  return {
    prepare(head) {
      const { ids, count } = head;
      let dated = false;
      let hopByHop = false;
      for (let i = 0; i < count; i++) {
        const id = ids[i]!;
        if (id === Field.Date) dated = true;
        else if (id === Field.AltSvc)
          dropField(head, i); // Speaks for the whole origin, which is the gateway's.
        else if (isConnectionBound(id)) hopByHop = true;
      }
      if (hopByHop) dropHopByHop(head);
      if (dated) return '';
      const current = Math.floor(now() / 1000);
      if (current !== second) {
        second = current;
        dateLine = `Date: ${new Date(current * 1000).toUTCString()}\r\n`;
      }
      return dateLine;
    },
  };
}

function isConnectionBound(id: number): boolean {
  switch (id) {
    case Field.ProxyConnection:
    case Field.Te:
    case Field.ProxyAuthenticate:
    case Field.ProxyAuthenticationInfo:
      return true;
    default:
      return false;
  }
}
