import { exchangeCases } from './gateway/exchange-cases.js';
import type { GatewayCase } from './gateway/gateway-case.js';
import { helloCases } from './gateway/hello-cases.js';
import { pollCases } from './gateway/poll-cases.js';
import { violationCases } from './gateway/violation-cases.js';

/** What every gateway does, asked by the bytes of long polling alone. */
export const gatewayCases: readonly GatewayCase[] = [...helloCases, ...exchangeCases, ...pollCases, ...violationCases];
