export { type TransportCase, transportCases } from './transport-cases.js';
export type { TransportPair } from './transport-pair.js';
export type { TransportSuiteOptions } from './transport-suite-options.js';
