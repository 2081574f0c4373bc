import { type Member, replicaOf } from './member.js';
import type { Target } from './registry.js';
import type { SessionStatus, TargetStatus } from './status.js';

/** A session as lists show it. */
export function sessionStatusOf(member: Member): SessionStatus {
  return { ...commonStatusOf(member), targets: member.targets };
}

/** A target that has members, as lists show it. */
export function targetStatusOf(target: Target, urlsOf: (target: string) => readonly string[]): TargetStatus {
  const { id, members, servedSince, traffic } = target;
  const { requests, running, bytesIn, bytesOut } = traffic;
  return {
    target: id,
    urls: urlsOf(id),
    owner: members[0]?.owner ?? '',
    since: new Date(servedSince).toISOString(),
    requests,
    running,
    bytesIn,
    bytesOut,
    replicas: members.map((member) => ({ ...commonStatusOf(member), replica: replicaOf(member, id) })),
  };
}

function commonStatusOf(member: Member): Omit<SessionStatus, 'targets'> {
  const { session, transport, connectedAt, agent, labels, peer, credential, owner, requests, resumes } = member;
  return {
    session: session.id,
    state: session.state.state !== 'attached' ? 'detached' : session.suspect ? 'suspect' : 'attached',
    transport,
    since: new Date(connectedAt).toISOString(),
    agent,
    labels,
    peer,
    credential,
    owner,
    requests,
    running: session.mux.size,
    resumes,
  };
}
