import type { Sha256 } from "../../src/automerge/change-chunk.ts";
import { mostWorkIn, PartBudget, type Rebuilding } from "../../src/automerge/part-work.ts";

/** The budget of a part that is alone in its entry. */
export function wholeBudget(): PartBudget {
  return new PartBudget(mostWorkIn(1));
}

/** How the changes of such a part are rebuilt. */
export function inOwnEntry(actor: Uint8Array, sha256: Sha256): Rebuilding {
  return { actor, sha256, budget: wholeBudget() };
}
