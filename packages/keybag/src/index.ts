export { KeyBagError, type KeyBagErrorCode } from "./errors.ts";
export { openRootKey, type RootKey, type RootKeyOptions, sealRootKey } from "./exported-root.ts";
export { KeyBag, type KeyBagOptions, type KeyListing } from "./keybag.ts";
export type { Identity, KeyVersionRecord, StoredKeyVersion, TenantRecord } from "./records.ts";
