// Interim, replaced by the packed codec and the column rewriter that are being written.
// INTERIM until the gate engineer lands his own
import { ByteReader, ByteWriter, type Verifier } from "@selkie/entry";
export function packChanges(changes: readonly Uint8Array[]): { codec: 0 | 1 | 2; payload: Uint8Array } {
  const w = new ByteWriter();
  w.uleb(changes.length);
  for (const c of changes) {
    w.uleb(c.length);
    w.bytes(c);
  }
  return { codec: 0, payload: w.finish() };
}
export function unpackChanges(_v: Verifier, _codec: number, payload: Uint8Array, _actor: Uint8Array): Uint8Array[] {
  const r = new ByteReader(payload);
  const n = r.uleb(1e6);
  return Array.from({ length: n }, () => r.bytes(r.uleb(1e7)));
}
