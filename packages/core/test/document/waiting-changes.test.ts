import { portableVerifier, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { heldLimits } from "../../src/automerge/held-changes.ts";
import { docIdOf } from "../../src/document/doc-id.ts";
import { THIS_DEVICE, WaitingChanges } from "../../src/document/waiting-changes.ts";
import { bob, handMade } from "../automerge/hand-made-change.ts";
import { parse } from "../automerge/judge.ts";
import { pattern } from "../fixture.ts";

test("D7 what waits in a document that was built anew waits on, also where some of the same actor found no room", () => {
  const name = docIdOf({ stem: pattern("document", 16), keyId: pattern("key", 16) });
  const history = new DocumentHistory();
  const judged = { isNew: false, history: () => history };
  const orphan = parse(handMade({ actor: bob, deps: ["ee".repeat(32)], startOp: 2, ops: [{ value: 1 }] }).bytes);
  const { actor } = orphan;
  const rebuilt = new WaitingChanges(portableVerifier);
  for (let seq = 1; seq <= heldLimits.changes + 1; seq++) {
    const change = { ...orphan, seq, hash: pattern(`change ${seq}`, 32) };
    const held = { device: "bob", document: name, actor, change };
    rebuilt.receive(judged, held, { kind: "change", entry: null, user: "", device: THIS_DEVICE });
  }
  const waiting = new WaitingChanges(portableVerifier);
  waiting.replace(name, rebuilt);
  expect(waiting.of(name, actor)).toHaveLength(heldLimits.changes);
  const hex = toHex(actor);
  expect([...waiting.spans()].map(({ actor, first, last }) => ({ actor, first, last }))).toEqual([
    { actor: hex, first: 1, last: heldLimits.changes },
    { actor: hex, first: heldLimits.changes + 1, last: heldLimits.changes + 1 },
  ]);
});
