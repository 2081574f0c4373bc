import type { Goodbye } from '@reverse-http/protocol/session';
import type { Place } from './place.js';

/** Sessions that ended lately: a connector that polls is told why, and not only that it is gone. */
const maxEnded = 1000;

/** The sessions of a gateway, those included that no transport carries at the moment. */
export class PlaceTable implements Iterable<Place> {
  readonly #byKey = new Map<string, Place>();
  readonly #bySession = new Map<string, Place>();
  readonly #ended = new Map<string, Goodbye>();
  readonly #perCredential = new Map<string, number>();
  readonly #perOwner = new Map<string, number>();

  get size(): number {
    return this.#byKey.size;
  }

  ofKey(key: string): Place | undefined {
    return this.#byKey.get(key);
  }

  ofSession(session: string): Place | undefined {
    return this.#bySession.get(session);
  }

  /** Why a session ended, where that is still known. */
  endOf(session: string): Goodbye | undefined {
    return this.#ended.get(session);
  }

  /** Sessions that a credential has at the moment. */
  countOf(credential: string): number {
    return this.#perCredential.get(credential) ?? 0;
  }

  /** Those who own a session at the moment. */
  get owners(): Iterable<string> {
    return this.#perOwner.keys();
  }

  add(place: Place): void {
    const { member, session } = place;
    this.#byKey.set(member.key, place);
    this.#bySession.set(session.id, place);
    count(this.#perCredential, member.credential, 1);
    count(this.#perOwner, member.owner, 1);
  }

  /** The session of a place goes on with another credential of its owner's. */
  renew(place: Place, grant: Place['grant']): void {
    const { member } = place;
    count(this.#perCredential, member.credential, -1);
    place.grant = grant;
    member.credential = grant.id ?? '';
    count(this.#perCredential, member.credential, 1);
  }

  remove(place: Place, reason: Goodbye): void {
    const { member, session } = place;
    this.#byKey.delete(member.key);
    this.#bySession.delete(session.id);
    count(this.#perCredential, member.credential, -1);
    count(this.#perOwner, member.owner, -1);
    this.#ended.set(session.id, reason);
    if (this.#ended.size > maxEnded) this.#ended.delete(this.#ended.keys().next().value!);
  }

  [Symbol.iterator](): MapIterator<Place> {
    return this.#byKey.values();
  }
}

function count(counts: Map<string, number>, name: string, change: number): void {
  const sum = (counts.get(name) ?? 0) + change;
  if (sum > 0) counts.set(name, sum);
  else counts.delete(name);
}
