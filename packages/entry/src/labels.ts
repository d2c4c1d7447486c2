// The registry of labels. Everything that is hashed, signed, MACed or derived anywhere in Selkie starts with "selkie/1/", one of
// these labels, and a zero byte: bytes made for one purpose mean nothing for another.
//
// SECURITY: a label belongs to one purpose, none is a prefix of another, and a signature made under one never verifies under
// another. Tests: labels.test.ts "A9 ...".
import { concatBytes } from "./bytes.ts";

/** Labels of SHA-256 inputs. */
export const HASH_LABELS = [
  "prefix", // header prefix of an entry
  "entry", // entry id
  "table", // key tags of an entry
  "root", // parts root of an entry
  "ct", // ciphertext of a part
  "vector", // digest of a vector
  "open-digest", // digest of a vector, fresh for one session
  "frame-tag", // the place of a frame in one session
  "actor", // Automerge actor of (writer, document, branch)
  "document-id", // id of a document made by (writer, counter)
  "document-name", // id of a document chosen by the app
  "statement", // id of a directory statement
  "continued-device", // admission of a device that goes on after a change
  "identity-key", // names an identity key in a revocation
  "commitment", // to the two secrets of a key version
  "history-commitment", // to its history secret alone: what a holder of the content secret is told
  "fingerprint", // what two people compare
  "recipient", // a recipient's KEM key, before the MAC that makes its tag
  "offered-blobs", // the blobs that a device has offered its relays
  "accepted-set", // digest of the accepted set of a database
  "cuts", // digest of the cuts of a revocation
  "access-list", // a relay's access list, named by its successor
  "keybag-checksum", // tells a damaged KeyBag or export from a wrong password
  "stored-row", // checksum of a stored row: its id does not cover the signature
  "padded-parts", // parts of an entry, before the MAC that makes its salt
  "merged-key", // current versions of a key, in id order
  "key-id", // id of a key
  "log-tag", // the short name of an id in a relay's log
  "join-request", // what a join response answers
  "invite-checksum", // tells a mistyped invitation
  "join-qr", // ties the QR texts of a request or response together
] as const;

/** Labels of Ed25519 messages. */
export const SIGN_LABELS = [
  "sign-entry", // an entry id, by its writer key
  "sign-certificate", // a writer key and its chain, by the device key
  "sign-login", // a login to a relay, by the login key
  "sign-peer", // the proof of a device to a peer, by the device key
  "sign-access-list", // an access list, by the root or a signer of the list before
  "sign-slot-succession", // the next key of a slot, by the one before
  "sign-slot-login", // a login key of a slot, by a key of the slot
  "sign-access-ticket", // a slot of a list the relay does not have yet, by a signer
  "sign-retire-list", // what a relay may drop, by a login key with the purge right
  "sign-join-request", // a request to join, by the device key
  "sign-join-response", // its answer
  "sign-heads", // what a device holds, by the device key
  "sign-user-key", // a user key version, by the one before
] as const;

/** Labels of HMAC-SHA-256 messages. */
export const MAC_LABELS = [
  "mac-database-id", // of a database name, under the tenant secret
  "mac-salt", // of an entry's position and content, under the salt key
  "mac-merged-key", // of the content secrets of several current versions, in id order
  "mac-recipient-tag", // of an entry salt: finds a device's permit
  "mac-join-request", // of a join request, under the invite secret
  "mac-join-response", // of its answer, under the invite secret
  "mac-chunk", // of a chunk's plaintext: its id and key
] as const;

/** Labels of HKDF-Expand (RFC 5869 section 2.3) derivations. */
export const DERIVE_LABELS = [
  "derive-entry-key", // AES key of one entry, from a content secret
  "derive-key-tag", // tag of a key version in one database
  "derive-salt-key", // MAC key of salts in one database
  "derive-writer-key", // Ed25519 seed of a writer, from the device secret
  "derive-writer-salt-key", // MAC key of salts of entries without keys
  "derive-login-key", // Ed25519 seed of a login key, per tenant
  "derive-slot-key", // Ed25519 seed of a slot's first key, per join request
  "derive-next-slot-key", // Ed25519 seed of a slot's next key, from the user's next key
  "derive-user-kem", // KEM seed of a user
  "derive-device-sign", // Ed25519 seed of a device
  "derive-device-kem", // KEM seed of a device
  "derive-permit-wrap", // HPKE info of a permit
  "derive-permit-bundle", // AES key of what a permit opens
  "derive-version-link", // AES key of the link to a predecessor, from a history secret
  "derive-merged-key", // content secret of several current versions
  "derive-directory-key", // secrets of a tenant's directory key
  "derive-tenant-secret", // names databases; from the founding secret
  "derive-chunk-key", // AES key of an attachment chunk
  "derive-chunk-mac-key", // MAC key of chunk ids
  "derive-sealed-box", // AES key of one sealed box
  "derive-committed-box", // AES key and commitment of one committed box
  "derive-local-state", // sealed local state, from the KeyBag
  "derive-local-index", // keys of rows of sealed local state
  "derive-journal", // sealed journal
  "derive-snapshot", // sealed document snapshots
  "derive-projection", // sealed projections
  "derive-instance-token", // sealed instance token of a store
  "derive-keybag-wrap", // wraps the master key under a slot secret
  "derive-keybag-content", // seals the KeyBag's content
  "derive-keybag-local", // keys handed out by the KeyBag for local state
  "derive-key-export", // seals an exported key under a password
  "derive-root-export", // seals an exported root key under a password
  "derive-join-response", // seals a join response
  "derive-invite", // MAC key from an invite secret
] as const;

/** A label for {@link hash}. */
export type HashLabel = (typeof HASH_LABELS)[number];
/** A label for signing. */
export type SignLabel = (typeof SIGN_LABELS)[number];
/** A label for a MAC. */
export type MacLabel = (typeof MAC_LABELS)[number];
/** A label for a derivation. */
export type DeriveLabel = (typeof DERIVE_LABELS)[number];
/** Any label of the registry. */
export type Label = HashLabel | SignLabel | MacLabel | DeriveLabel;

/** Every label, of all four kinds. */
export const ALL_LABELS: readonly Label[] = [...HASH_LABELS, ...SIGN_LABELS, ...MAC_LABELS, ...DERIVE_LABELS];

const PREFIX_OF_LABEL: ReadonlyMap<Label, Uint8Array> = new Map(
  ALL_LABELS.map((label) => [label, new TextEncoder().encode(`selkie/1/${label}\0`)]),
);

/** What stands before every input under `label`: `"selkie/1/"`, the label, a zero byte. */
export function labelPrefix(label: Label): Uint8Array {
  // The map holds every label there is; the fallback only satisfies the type of Map.get.
  return PREFIX_OF_LABEL.get(label) ?? new TextEncoder().encode(`selkie/1/${label}\0`);
}

/** The bytes that are hashed, signed, MACed or expanded: label prefix, then the payload. */
export function labelled(label: Label, ...payload: readonly Uint8Array[]): Uint8Array {
  return concatBytes(labelPrefix(label), ...payload);
}
