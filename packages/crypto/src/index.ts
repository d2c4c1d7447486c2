// Suite 1 of Selkie: one interface, a portable provider, boxes. The platform's own provider is behind `./native`.
export {
  type Argon2Parameters,
  argon2Limits,
  checkArgon2Parameters,
  defaultArgon2Parameters,
} from "./argon2-parameters.ts";
export { BoxSeries } from "./box-series.ts";
export { openCommittedBox, sealCommittedBox } from "./committed-box.ts";
export { equalSecrets } from "./constant-time.ts";
export { CryptoError, type CryptoErrorCode } from "./errors.ts";
export type { AeadKey, KemKey, KeyHandle, SecretKey, SigningKey } from "./keys.ts";
export { asPlaintext, type Plaintext } from "./plaintext.ts";
export { type PortableCryptoOptions, portableCrypto } from "./portable/portable.ts";
export type { CryptoProvider, OpenBatch, OpenItem, SealItem, WrapItem, Wrapped } from "./provider.ts";
export { asSealedBytes, openBox, type SealedBytes, sealBox } from "./sealed-box.ts";
export { xWingLengths } from "./x-wing.ts";
