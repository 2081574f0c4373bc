/** Where a value stands: names of fields, and numbers of items counted from 0. */
export type ConfigPath = readonly (string | number)[];
