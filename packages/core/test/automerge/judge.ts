import { fromHex } from "@selkie/entry";
import { type ChangeChunk, parseChange } from "../../src/automerge/change-chunk.ts";
import { type ChangeRefusalCode, refusalOf } from "../../src/automerge/change-error.ts";
import { DocumentHistory } from "../../src/automerge/document-history.ts";
import { gateFirst, parseAndGate } from "../../src/automerge/gate.ts";
import { alice, bob, type HandMadeChange, handMade, type Made } from "./hand-made-change.ts";
import { sha256 } from "./sha256.ts";

export function parse(bytes: Uint8Array): ChangeChunk {
  return parseChange(bytes, sha256);
}

/** "pass", "known", "held" or the code of a refusal. */
export function judge(
  history: DocumentHistory,
  bytes: Uint8Array,
  actor: string,
): "pass" | "known" | "held" | ChangeRefusalCode {
  const verdict = parseAndGate(bytes, sha256, { history, actor: fromHex(actor) });
  return verdict.type === "refused" ? verdict.code : verdict.type;
}

/** A history with these changes, each of which must pass under its own actor. */
export function historyOf(...changes: readonly Made[]): DocumentHistory {
  const history = new DocumentHistory();
  for (const { bytes } of changes) {
    const verdict = parseAndGate(bytes, sha256, { history, actor: parse(bytes).actor });
    if (verdict.type !== "pass")
      throw new RangeError(`a change of the history does not pass: ${JSON.stringify(verdict)}`);
  }
  return history;
}

/** The verdict on a first change of a document, which is the same whether or not anything is kept of it. */
export function judgeFirst(change: HandMadeChange): ReturnType<typeof judge> {
  const { bytes } = handMade(change);
  const actor = change.actor ?? alice;
  const verdict = judge(new DocumentHistory(), bytes, actor);
  const unkept = refusalOf(() => gateFirst(parse(bytes), fromHex(actor)));
  const code = typeof unkept === "string" ? unkept : unkept.type === "refused" ? unkept.code : unkept.type;
  if (code !== verdict) throw new RangeError(`${verdict} against a new history is ${code} without`);
  return verdict;
}

/** The verdict on bob's change on top of others; `others` defaults to alice, whom he refers to as actor 1. */
export function judgeOnTop(base: readonly Made[], change: HandMadeChange): ReturnType<typeof judge> {
  const last = base.at(-1);
  const top = last === undefined ? [] : [last.hash];
  const full = { deps: top, actor: bob, others: [alice], startOp: opsOf(base) + 1, ...change };
  return judge(historyOf(...base), handMade(full).bytes, full.actor);
}

function opsOf(changes: readonly Made[]): number {
  return Math.max(0, ...changes.map(({ bytes }) => parse(bytes).maxOp));
}
