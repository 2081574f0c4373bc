import { type HelloTarget, maxControlMessageBytes, type Welcome } from '@reverse-http/protocol/session';

/** What else a welcome says takes less, bytes. */
const restBytes = 1024;

/** Public URLs of a hello's targets: of each as many as the welcome has room for, the preferred ones first. */
export function welcomeUrls(
  targets: readonly HelloTarget[],
  urlsOf: (target: string) => readonly string[],
): Welcome['urls'] {
  const all = targets.map(({ target }) => [target, urlsOf(target)] as const);
  let most = Math.max(0, ...all.map(([, urls]) => urls.length));
  for (;;) {
    const urls = Object.fromEntries(all.map(([target, each]) => [target, each.slice(0, most)]));
    if (most === 0 || JSON.stringify(urls).length <= maxControlMessageBytes - restBytes) return urls;
    most--;
  }
}
