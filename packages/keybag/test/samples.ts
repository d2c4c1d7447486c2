// Records and costs for tests, and the platform's provider with its password KDF counted.
import { type Argon2Parameters, argon2Limits, type CryptoProvider } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { concatBytes, hash, parseDatabaseId, parseStatementId, parseTenantId, toHex } from "@selkie/entry";
import type { Identity, KeyVersionRecord, TenantRecord } from "../src/index.ts";

/** The cheapest cost that is accepted. */
export const floor: Argon2Parameters = {
  memory: argon2Limits.memory.floor,
  passes: argon2Limits.passes.floor,
  lanes: 1,
};

/** `length` bytes that only `seed` gives, so that a test can look for them. */
export function bytes(seed: string, length = 32): Uint8Array {
  return hash(nativeCrypto, "fingerprint", new TextEncoder().encode(seed)).slice(0, length);
}

export function identity(name: string): Identity {
  return {
    id: bytes(`${name} id`, 16),
    name: `CN=${name}/O=acme`,
    userSeed: bytes(`${name} user`),
    deviceSignSeed: bytes(`${name} sign`),
    deviceKemSeed: bytes(`${name} kem`),
    deviceSecret: bytes(`${name} secret`),
    slotSeed: bytes(`${name} slot`),
  };
}

export function tenant(name: string, of: Identity): TenantRecord {
  return {
    tenant: parseTenantId(bytes(`${name} tenant`)),
    name,
    identity: of.id,
    directory: parseDatabaseId(bytes(`${name} directory`)),
    founding: bytes(`${name} founding`),
    rootSeed: bytes(`${name} root`),
    admittedBy: parseStatementId(bytes(`${name} admitted`)),
    data: bytes(`${name} data`, 20),
  };
}

export function keyVersion(name: string, number = 1): KeyVersionRecord {
  return {
    tenant: parseTenantId(bytes("acme tenant")),
    keyId: bytes(`${name} key`, 16),
    name,
    version: bytes(`${name} ${number} version`),
    content: bytes(`${name} ${number} content`),
    history: bytes(`${name} ${number} history`),
  };
}

/** The platform's provider; it counts the KDF runs, and answers a repeated one from memory so that tests stay fast. */
export interface CountingCrypto extends CryptoProvider {
  readonly derivations: () => number;
}

export function countingCrypto(): CountingCrypto {
  const known = new Map<string, Uint8Array>();
  let derivations = 0;
  return {
    ...nativeCrypto,
    derivations: () => derivations,
    async deriveFromPassword(password, salt, parameters) {
      derivations++;
      const question = JSON.stringify([toHex(password), toHex(salt), parameters]);
      const answer = known.get(question) ?? (await nativeCrypto.deriveFromPassword(password, salt, parameters));
      known.set(question, answer);
      return answer.slice();
    },
  };
}

/** A file with the checksum that belongs to it: what an attacker who edits a file would write. */
export function rechecked(file: Uint8Array): Uint8Array {
  const body = file.subarray(0, file.length - 8);
  return concatBytes(body, hash(nativeCrypto, "keybag-checksum", body).subarray(0, 8));
}

/** A copy with `change` applied at `offset`. */
export function edited(file: Uint8Array, offset: number, change: (byte: number) => number): Uint8Array {
  const copy = file.slice();
  copy[offset] = change(copy[offset] ?? 0);
  return copy;
}

/** The code an error carries, or what the promise gave instead. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return { resolved: await promise };
  } catch (error) {
    return error instanceof Error && "code" in error ? error.code : error;
  }
}
