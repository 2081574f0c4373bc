import { type Reason, reasons } from '@reverse-http/protocol/errors';
import { Field, fieldValue, findField, type Head } from '@reverse-http/protocol/http1';
import type { FailureDetail } from '../../visit/visit.js';

/** An answer of the gateway's own: status, field lines and body. */
export interface OwnAnswer {
  readonly status: number;
  readonly fields: string;
  readonly body: string;
}

/**
 * The answer for a reason: a problem document (RFC 9457) with `Proxy-Status` (RFC 9209), for browsers a small page that
 * says the same.
 */
export function problemOf(reason: Reason, id: string, failure: FailureDetail, html: boolean): OwnAnswer {
  const { status, title, proxyError, retryAfter } = reasons[reason];
  const detail = failure.detail ?? title;
  const delivered = failure.delivered ?? 'no';
  const type = `/.well-known/reverse-http/problems/${reason}`;
  const fields =
    `Content-Type: ${html ? 'text/html; charset=utf-8' : 'application/problem+json'}\r\n` +
    `Proxy-Status: rhttp; error=${proxyError}; details="${reason}"\r\n` +
    `Cache-Control: no-store\r\nX-Request-Id: ${id}\r\n` +
    (retryAfter === undefined ? '' : `Retry-After: ${retryAfter}\r\n`) +
    (failure.fields ?? '');
  const document = { type, title, status, detail, delivered, instance: id, requestId: id };
  return { status, fields, body: html ? page(document) : `${JSON.stringify(document)}\n` };
}

/** Whether a visitor would rather have a page than JSON. */
export function wantsHtml(head: Head): boolean {
  const accept = findField(head, Field.Accept);
  return accept >= 0 && /\btext\/html\b/i.test(fieldValue(head, accept));
}

function page(document: Readonly<Record<string, unknown>>): string {
  const { title, status, detail, requestId } = document;
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${status} ${escapeHtml(title)}</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:12vh auto;padding:0 1em;color:#222;background:#fff}
h1{font-size:1.4em}small{color:#666}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}small{color:#999}}</style>
<h1>${status} ${escapeHtml(title)}</h1>
<p>${escapeHtml(detail)}</p>
<p><small>Reverse HTTP, request ${escapeHtml(requestId)}</small></p>
</html>
`;
}

function escapeHtml(text: unknown): string {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
