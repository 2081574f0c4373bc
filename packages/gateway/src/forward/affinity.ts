import { createHash } from 'node:crypto';
import { Field, fieldValue, type Head } from '@reverse-http/protocol/http1';
import type { RouteMatch } from '../routing/route.js';
import { isAvailable, type Member, replicaOf } from '../targets/member.js';
import type { Target } from '../targets/registry.js';
import type { Visit } from '../visit/visit.js';

/** The cookie that keeps a visitor with one replica. */
const cookieName = 'rhttp_replica';
const cookiePattern = new RegExp(`(?:^|;)[ \\t]*${cookieName}=([A-Za-z0-9_-]{16})[ \\t]*(?:;|$)`);

/** The replica that the visitor was with before, where it takes requests. */
export function memberOfVisitor(head: Head, target: Target, except: readonly Member[] | undefined): Member | undefined {
  const tag = tagOfVisitor(head);
  if (tag === undefined) return undefined;
  return target.members.find(
    (member) => isAvailable(member) && !except?.includes(member) && tagOf(target, member) === tag,
  );
}

/** The line that keeps the visitor with the replica that serves it now; empty when it has that cookie already. */
export function affinityLine({ head, peer }: Visit, { prefix }: RouteMatch, target: Target, member: Member): string {
  const tag = tagOf(target, member);
  if (tagOfVisitor(head) === tag) return '';
  const secure = peer.secure ? '; Secure' : '';
  return `Set-Cookie: ${cookieName}=${tag}; Path=${prefix}/; HttpOnly; SameSite=Lax${secure}\r\n`;
}

function tagOfVisitor(head: Head): string | undefined {
  for (let i = 0; i < head.count; i++) {
    const found = head.ids[i] === Field.Cookie ? cookiePattern.exec(fieldValue(head, i)) : undefined;
    if (found) return found[1];
  }
  return undefined;
}

/** Says nothing about the replica, and is the same after its next start and the gateway's. */
function tagOf({ id }: Target, member: Member): string {
  const text = `${id.toLowerCase()}\n${replicaOf(member, id)}`;
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
