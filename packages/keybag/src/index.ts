export { KeyBagError, type KeyBagErrorCode } from "./errors.ts";
export { KeyBag, type KeyBagOptions, type KeyListing } from "./keybag.ts";
export type { Identity, KeyVersionRecord, StoredKeyVersion, TenantRecord } from "./records.ts";
