import { parseEntryId, parseWriterKey } from "@selkie/entry";
import { CborFields, type CborValue, encodeCbor } from "../cbor.ts";
import type { ChangeKind } from "../sealing/change-part.ts";
import type { JournalRow } from "./journal-row.ts";

const KINDS: readonly ChangeKind[] = ["create", "change", "delete", "undelete", "manifest"];
const code = "LOCAL_STATE_DAMAGED";
const most = { rows: 1_000_000, changeBytes: 2 ** 21 };

/** A batch of journal rows as the plaintext of one sealed row. */
export function encodeBatch(number: number, rows: readonly JournalRow[]): Uint8Array {
  return encodeCbor([number, rows.map(encodeRow)]);
}

/** @throws CoreError LOCAL_STATE_DAMAGED */
export function decodeBatch(bytes: Uint8Array): { readonly number: number; readonly rows: readonly JournalRow[] } {
  const fields = CborFields.decode(bytes, code);
  const number = fields.number();
  const rows = fields.list(most.rows).map(decodeRow);
  fields.end();
  return { number, rows };
}

function encodeRow({ writer, frontier, kind, document, counter, keyId, time, change }: JournalRow): CborValue {
  return [writer, frontier, KINDS.indexOf(kind), document, counter === null ? [] : [counter], keyId, time, change];
}

function decodeRow(value: CborValue): JournalRow {
  const fields = new CborFields(value, code);
  const writer = parseWriterKey(fields.bytes(32));
  const frontier = fields.list(64).map((head) => parseEntryId(new CborFields([head], code).bytes(32)));
  const kind = KINDS[fields.number(KINDS.length - 1)] ?? "change";
  const document = fields.bytes(16);
  const [counter = null] = fields.list(1).map((given) => new CborFields([given], code).number());
  const row = {
    writer,
    frontier,
    kind,
    document,
    counter,
    keyId: fields.bytes(16),
    time: fields.number(),
    change: fields.bytes({ max: most.changeBytes }),
  };
  fields.end();
  return row;
}
