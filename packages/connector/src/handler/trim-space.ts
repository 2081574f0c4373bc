/**
 * Text without white space of HTTP around it. Not by `trim()`, which takes away U+00A0, a byte of the value; nor by an
 * expression like `/[\t ]+$/`, which takes seconds for a visitor's thousands of spaces inside a value.
 */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
