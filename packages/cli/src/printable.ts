/** C0 but the tab, DEL, C1; what turns the direction of text; what some take for a line end. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
const unprintable = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Text of others with everything that a terminal would act on written out, as `\u001b`: whoever connects chooses names and
 * labels, and must not write over lines, forge them or hide them. What is JSON stays the same JSON.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
