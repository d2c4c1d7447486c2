import { CborFields, encodeCbor } from "../cbor.ts";
import { CoreError } from "../errors.ts";

/** What core keeps in the KeyBag beside a tenant's own fields. */
export interface TenantData {
  /** As a user with its first device, or as a further device of a user. */
  readonly joinedAs: "user" | "device";
  /** 16 bytes of the request: the slot key of a first device derives from them, the login key of a further one. */
  readonly salt: Uint8Array;
  /** What came with the join response, for a relay that does not know of this device yet. */
  readonly ticket: Uint8Array | null;
  /** 32-byte seeds of the person's KEM keys that came through the directory. */
  readonly userSeeds: readonly Uint8Array[];
  /** 32-byte seed of the user's slot key, if it came through the directory. */
  readonly slotSeed: Uint8Array | null;
}

/** The user keys that are kept: more than a user ever makes, and less than a KeyBag takes. */
const MAX_USER_KEYS = 1_024;
const damaged = "LOCAL_STATE_DAMAGED";

export function encodeTenantData({ joinedAs, salt, ticket, userSeeds, slotSeed }: TenantData): Uint8Array {
  return encodeCbor([joinedAs === "user" ? 0 : 1, salt, ticket, userSeeds.slice(-MAX_USER_KEYS), slotSeed]);
}

/** @throws CoreError LOCAL_STATE_DAMAGED */
export function decodeTenantData(bytes: Uint8Array): TenantData {
  const fields = CborFields.decode(bytes, damaged);
  const joinedAs = fields.number(1) === 0 ? "user" : "device";
  const data = {
    joinedAs,
    salt: fields.bytes(16),
    ticket: fields.bytesOrNull({ max: 4_096 }),
    userSeeds: fields.list(MAX_USER_KEYS).map((seed) => {
      if (seed instanceof Uint8Array && seed.length === 32) return seed;
      throw new CoreError(damaged, "a user key of a wrong length");
    }),
    slotSeed: fields.bytesOrNull(32),
  } as const;
  fields.end();
  return data;
}

/** The data of a tenant as it is joined. */
export function newTenantData(
  joinedAs: TenantData["joinedAs"],
  salt: Uint8Array,
  ticket: Uint8Array | null,
): TenantData {
  return { joinedAs, salt, ticket, userSeeds: [], slotSeed: null };
}
