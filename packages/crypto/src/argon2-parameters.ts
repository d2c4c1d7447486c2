// Argon2id parameters come from sealed files that anyone may have edited, so they are checked before any work: a low value would
// make guessing cheap (downgrade), a huge one would hang the device (RFC 9106 section 4 for the recommended values).
import { CryptoError } from "./errors.ts";

/** Cost of one password guess. */
export interface Argon2Parameters {
  /** KiB of memory. */
  readonly memory: number;
  /** Passes over the memory (t). */
  readonly passes: number;
  /** Lanes (p). */
  readonly lanes: number;
}

/** What may be asked of a device. The floor is 19 MiB and two passes; the ceiling is 1 GiB. */
export const argon2Limits: {
  readonly memory: { readonly floor: number; readonly ceiling: number };
  readonly passes: { readonly floor: number; readonly ceiling: number };
  readonly lanes: { readonly floor: number; readonly ceiling: number };
  readonly passwordBytes: number;
} = {
  memory: { floor: 19 * 1024, ceiling: 1024 * 1024 },
  passes: { floor: 2, ceiling: 16 },
  lanes: { floor: 1, ceiling: 8 },
  passwordBytes: 65_536,
};

/** What new passwords get: 64 MiB, three passes, one lane (browsers compute lanes one after the other). */
export const defaultArgon2Parameters: Argon2Parameters = { memory: 64 * 1024, passes: 3, lanes: 1 };

const saltBytes = { floor: 16, ceiling: 64 };

/**
 * Refuses parameters outside the limits, without deriving anything.
 * SECURITY: must run before any memory is allocated (test "A5 refuses parameters below the floor and above the ceiling").
 * @throws CryptoError `KDF_PARAMETERS`
 */
export function checkArgon2Parameters(parameters: Argon2Parameters): void {
  for (const name of ["memory", "passes", "lanes"] as const) {
    const { floor, ceiling } = argon2Limits[name];
    const value = parameters[name];
    if (!Number.isSafeInteger(value) || value < floor || value > ceiling) {
      throw new CryptoError("KDF_PARAMETERS", `Argon2id ${name} must be a whole number from ${floor} to ${ceiling}`);
    }
  }
}

/** Everything that is checked before a provider's own Argon2id is called. */
export function checkArgon2Call(password: Uint8Array, salt: Uint8Array, parameters: Argon2Parameters): void {
  checkArgon2Parameters(parameters);
  if (password.length < 1 || password.length > argon2Limits.passwordBytes) {
    throw new CryptoError("BAD_LENGTH", `a password must be 1 to ${argon2Limits.passwordBytes} bytes`);
  }
  if (salt.length < saltBytes.floor || salt.length > saltBytes.ceiling) {
    throw new CryptoError("BAD_LENGTH", `an Argon2id salt must be ${saltBytes.floor} to ${saltBytes.ceiling} bytes`);
  }
}
