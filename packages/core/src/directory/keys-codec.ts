// Statements about keys: their versions, who is entitled, who was given what.
import { parseCiphertext, parseStatementId } from "@selkie/entry";
import { CborFields, type CborValue } from "../cbor.ts";
import { CoreError } from "../errors.ts";
import type { HistoryPolicy } from "../keys/permit-bundle.ts";
import { linkBytes, type SealedLink } from "../keys/version-link.ts";
import { kemKeyBytes } from "./kem-admission.ts";
import type {
  CreateKeyStatement,
  LinkStatement,
  PermitStatement,
  Recipient,
  Reference,
  RotateStatement,
  ShareStatement,
  UserKeyStatement,
} from "./statement.ts";
import { ascending, type FieldsCodec, maxItems, readIdSet, readIds, readName, readWord } from "./statement-fields.ts";

const malformed = "STATEMENT_MALFORMED";
export const HISTORIES: readonly [HistoryPolicy, ...HistoryPolicy[]] = ["full", "from-now"];

export const createKey: FieldsCodec<CreateKeyStatement> = {
  code: 4,
  write: ({ nonce, name, commitment, history }) => [nonce, name, commitment, historyField(history)],
  read: (fields) => ({
    type: "createKey",
    nonce: fields.bytes(16),
    name: readName(fields),
    commitment: fields.bytes(32),
    history: readWord(fields, HISTORIES),
  }),
};

export const share: FieldsCodec<ShareStatement> = {
  code: 5,
  write: ({ keyId, to, history }) => [keyId, to, historyField(history)],
  read: (fields) => ({
    type: "share",
    keyId: fields.bytes(16),
    to: readIds(fields),
    history: readWord(fields, HISTORIES),
  }),
};

export const permit: FieldsCodec<PermitStatement> = {
  code: 6,
  write: ({ history, versions, to }) => [
    historyField(history),
    versions.map(({ keyId, version }) => [keyId, version]),
    to.map(recipientField),
  ],
  read: (fields) => ({
    type: "permit",
    history: readWord(fields, HISTORIES),
    versions: fields.list(maxItems).map((item) => {
      const pair = new CborFields(item, malformed);
      const version = { keyId: pair.bytes(16), version: pair.bytes(32) };
      pair.end();
      return version;
    }),
    to: fields.list(maxItems).map(readRecipient),
  }),
};

export const rotate: FieldsCodec<RotateStatement> = {
  code: 11,
  write: ({ keyId, over, commitment, links }) => [keyId, over, commitment, links.map(linkField)],
  read: (fields) => ({
    type: "rotate",
    keyId: fields.bytes(16),
    over: readIdSet(fields),
    commitment: fields.bytes(32),
    links: readLinks(fields),
  }),
};

export const link: FieldsCodec<LinkStatement> = {
  code: 19,
  write: ({ keyId, version, links }) => [keyId, version, links.map(linkField)],
  read: (fields) => ({ type: "link", keyId: fields.bytes(16), version: fields.bytes(32), links: readLinks(fields) }),
};

export const userKey: FieldsCodec<UserKeyStatement> = {
  code: 15,
  write: ({ kem, slot, over, to }) => [kem, slot, over, to],
  read: (fields) => ({
    type: "userKey",
    kem: fields.bytes(kemKeyBytes),
    slot: fields.bytes(32),
    over: readIdSet(fields),
    to: readIdSet(fields),
  }),
};

const historyField = (history: HistoryPolicy): CborValue => HISTORIES.indexOf(history);

const linkField = ({ version, sealed }: SealedLink): CborValue => [version, sealed];

function readLinks(fields: CborFields): readonly SealedLink[] {
  const links = fields.list(maxItems).map((item) => {
    const pair = new CborFields(item, malformed);
    const version = pair.bytes(32);
    const sealed = parseCiphertext(pair.bytes(linkBytes));
    pair.end();
    return { version, sealed };
  });
  ascending(links.map(({ version }) => version));
  return links;
}

/** A user key: the id of the statement that names it, or its part in this entry. A device: a list of the same. */
function recipientField(recipient: Recipient): CborValue {
  return recipient.type === "device" ? [referenceField(recipient.of)] : referenceField(recipient);
}

const referenceField = (reference: Reference): CborValue =>
  reference.type === "part" ? reference.index : reference.id;

function readRecipient(item: CborValue): Recipient {
  if (!Array.isArray(item)) return readReference(item);
  const [of, ...more] = item as readonly CborValue[];
  if (of === undefined || more.length > 0) throw new CoreError(malformed, "a recipient is one key");
  return { type: "device", of: readReference(of) };
}

function readReference(item: CborValue): Reference {
  const fields = new CborFields([item], malformed);
  return typeof item === "number"
    ? { type: "part", index: fields.number(maxItems) }
    : { type: "statement", id: parseStatementId(fields.bytes(32)) };
}
