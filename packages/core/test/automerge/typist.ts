import * as Automerge from "@automerge/automerge";
import type { ChangeChunk } from "../../src/automerge/change-chunk.ts";
import { alice } from "./hand-made-change.ts";
import { parse } from "./judge.ts";
import { Random } from "./random-history.ts";

const words =
  "the quick brown fox jumps over a lazy dog while seventeen engineers argue whether any relay may ever see plaintext and nobody notices that their coffee went cold".split(
    " ",
  );

export interface TypistOptions {
  readonly keystrokes: number;
  /** Whether the typist deletes letters, and goes back to an earlier place now and then. */
  readonly corrects: boolean;
}

/** Prose, one change a keystroke, and the document it was typed into. */
export function typeProse({ keystrokes, corrects }: TypistOptions): {
  readonly changes: readonly ChangeChunk[];
  readonly doc: Automerge.Doc<{ t: string }>;
} {
  const random = new Random(7);
  let doc = Automerge.from({ t: "" }, { actor: alice });
  const start = Automerge.getHeads(doc);
  let at = 0;
  let left = "";
  for (let i = 0; i < keystrokes; i++) {
    if (left === "") left = random.pick(words) + (random.below(9) === 0 ? ". " : " ");
    const deletes = corrects && at > 3 && random.below(12) === 0;
    if (corrects && random.below(150) === 0) at = random.below(doc.t.length + 1);
    const letter = left.slice(0, 1);
    doc = Automerge.change(doc, { time: 0 }, (draft) => {
      if (deletes) Automerge.splice(draft, ["t"], Math.max(at - 1, 0), 1);
      else Automerge.splice(draft, ["t"], at, 0, letter);
    });
    at = deletes ? Math.max(at - 1, 0) : at + 1;
    if (!deletes) left = left.slice(1);
  }
  return { changes: Automerge.getChangesSince(doc, start).map(parse), doc };
}
