import { createHash } from 'node:crypto';
import { Field, fieldValue, type Head } from '@reverse-http/protocol/http1';
import type { RouteMatch } from '../routing/route.js';
import { isAvailable, type Member } from '../targets/member.js';
import type { Target } from '../targets/registry.js';
import type { Visit } from '../visit/visit.js';

/** Keeps visitors with one replica, by a cookie for each target. */
export interface Affinity {
  /** The member that the visitor's cookie names, when it takes requests; not one of `except`. */
  pick(target: Target, head: Head, except: readonly Member[] | undefined): Member | undefined;
  /** The line that lets the visitor come back to `member`; empty where its cookie names it already. */
  lineFor(target: Target, member: Member, visit: Visit, match: RouteMatch): string;
}

/** Makes an {@link Affinity}. */
export function createAffinity(): Affinity {
  // What stands in the cookie says nothing of how replicas are called, and is the same after they were started again.
  const marks = new Map<string, string>();

  function markOf({ targets }: Member, target: Target): string {
    const replica = targets.find((its) => its.target.toLowerCase() === target.id.toLowerCase())?.replica ?? '';
    const key = `${target.id.toLowerCase()} ${replica}`;
    let mark = marks.get(key);
    if (mark === undefined) {
      mark = createHash('sha256').update(key).digest('hex').slice(0, markLength);
      if (marks.size >= maxMarks) marks.clear();
      marks.set(key, mark);
    }
    return mark;
  }

  return {
    pick(target, head, except) {
      const mark = cookieOf(head, nameFor(target));
      if (mark === undefined) return undefined;
      return target.members.find(
        (member) => markOf(member, target) === mark && isAvailable(member) && !except?.includes(member),
      );
    },
    lineFor(target, member, { head, peer }, { prefix }) {
      const mark = markOf(member, target);
      const name = nameFor(target);
      if (cookieOf(head, name) === mark) return '';
      const secure = peer.secure ? '; Secure' : '';
      // A prefix that a function took from the visitor's path must not pass for attributes.
      const path = prefix === '' || /[;,]/.test(prefix) ? '/' : prefix;
      return `Set-Cookie: ${name}=${mark}; Path=${path}; HttpOnly; SameSite=Lax${secure}\r\n`;
    },
  };
}

/** Hex digits of a cookie's value. */
const markLength = 16;
/** Marks that are kept; they are computed again beyond that. */
const maxMarks = 10_000;

/** One for each target: where several share a path, their cookies come together. */
function nameFor({ id }: Target): string {
  return `rhttp-replica-${id.toLowerCase()}`;
}

function cookieOf(head: Head, name: string): string | undefined {
  for (let i = 0; i < head.count; i++) {
    if (head.ids[i] !== Field.Cookie) continue;
    for (const pair of fieldValue(head, i).split(';')) {
      const text = pair.trim();
      if (text.startsWith(`${name}=`)) return text.slice(name.length + 1);
    }
  }
  return undefined;
}
