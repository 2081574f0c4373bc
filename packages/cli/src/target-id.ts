/** 1 to 63 of A-Z a-z 0-9 . _ -, begun and ended by a letter or digit: as the protocol has it. */
export const targetIdPattern: RegExp = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
