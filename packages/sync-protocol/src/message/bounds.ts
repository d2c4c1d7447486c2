// Bounds that are part of the protocol: a message beyond one of them is not decoded.

/** Version of the protocol; there is no negotiation. */
export const PROTOCOL_VERSION = 1;
/** Bytes of one claim or one `present`: what a side may make another hold before it is admitted. */
export const MAX_CLAIM_BYTES = 1_048_576;
/** Bytes of an origin in UTF-8. */
export const MAX_ORIGIN_BYTES = 512;
/** Databases one side may have open in a session at a time, whatever the other offers. */
export const MAX_DATABASES = 65_536;
/** Databases one side may open in a session, one after the other: their handles are never used again. */
export const MAX_OPENS = 1_048_576;
/** Recipients, and key tags, that a side names of one database when it wants no others' parts. Who would name more gets all. */
export const MAX_RECIPIENTS = 16;
export const MAX_WANTED_TAGS = 1_024;
/** Both, in all databases of a session together. */
export const MAX_WANTED = 16_384;
/** Parts that a side asks for at a time. */
export const MAX_FETCHED = 256;
/** Bytes of a blob that a side asks for, and is given, at a time: two sealed chunks. */
export const MAX_BLOB_PIECE = 524_320;
/** Bytes of what opens a relay's HTTP door for a session. */
export const TICKET_BYTES = 32;
/** Entries messages in flight, not yet acknowledged. */
export const MAX_FRAMES_IN_FLIGHT = 1_024;
/** Fences in flight. */
export const MAX_FENCES = 16;
/** Characters of a code in `refused`, `error` and acknowledgements. */
export const MAX_CODE_LENGTH = 64;
/** The greatest position: one more is what `open` writes when it names it. */
export const MAX_POSITION: number = Number.MAX_SAFE_INTEGER - 1;
/** Bytes of a digest in `open` and `caughtUp`. */
export const DIGEST_BYTES = 16;
/** The longest a `goaway` may ask to wait: one hour. */
export const MAX_GOAWAY_MS = 3_600_000;
