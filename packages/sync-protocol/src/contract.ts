// The contract every transport fulfils, as a suite for vitest.
export { type TransportContractOptions, type TransportPair, transportContract } from "./contract/transport-contract.ts";
