// What the benchmarks build directories of thousands of statements from, and measure from within, and what the rules of membership and
// keys are held against (packages/sim/test/rules). Not published (package.json).
export { draftAccessList, signAccessList } from "./directory/access.ts";
export type { PlacedStatement } from "./directory/admission.ts";
export { buildDirectory } from "./directory/build-directory.ts";
export type { DirectoryView } from "./directory/directory-view.ts";
export { newIdentity } from "./directory/identity.ts";
export { grantFor } from "./directory/join-request.ts";
export { type RequestedKeys, requestedKeys } from "./directory/requested-keys.ts";
export { continuedAdmission, type Reference, type Statement, statementId } from "./directory/statement.ts";
export { decodeStatement, encodeStatement } from "./directory/statement-codec.ts";
export { KeyRing } from "./keys/key-ring.ts";
export { type KeyVersion, keyIdOf, openKeyVersion } from "./keys/key-version.ts";
export { LocalState } from "./local/local-state.ts";
export { type Accepted, accept } from "./membership/accept.ts";
export { type CollectedChains, collectChains } from "./membership/collect-chains.ts";
export type { ClaimFacts, PlacedFacts, StatementFacts } from "./membership/facts.ts";
export { decodeControlPart, encodeControlPart, signCertificate, verifyCertificates } from "./sealing/control-part.ts";
export { openEntries } from "./sealing/open-entry.ts";
export { type PartDraft, sealEntry, signRun } from "./sealing/seal-entry.ts";
export { importDeviceKeys } from "./tenant/device-keys.ts";
export { DirectoryEntries } from "./tenant/directory-entries.ts";
export { DirectoryLog } from "./tenant/directory-log.ts";
export type { TenantContext } from "./tenant/tenant-context.ts";
export { decodeTenantData } from "./tenant/tenant-data.ts";
