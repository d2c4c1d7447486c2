import { isCounter, shownCounter } from "./counter.ts";
import type { Path, TextRange } from "./draft-text.ts";

/** What changed in a document's data, one step: where, and what is there now. Steps are applied in their order. */
export type Patch =
  /** A field or an element has this value. A new object or list is empty; what is in it follows. */
  | { readonly action: "put"; readonly path: Path; readonly value: unknown; readonly conflict?: boolean }
  /** Elements were put into a list, in front of the one that was at the path. */
  | { readonly action: "insert"; readonly path: Path; readonly values: readonly unknown[] }
  /** Letters were put into a text, at the position that ends the path. */
  | { readonly action: "splice"; readonly path: Path; readonly value: string }
  /** A field, or from the path on this many elements or letters, one if it does not say, are gone. */
  | { readonly action: "del"; readonly path: Path; readonly length?: number }
  /** A counter counted by this much. */
  | { readonly action: "inc"; readonly path: Path; readonly value: number }
  | { readonly action: "mark"; readonly path: Path; readonly marks: readonly MarkStep[] }
  | {
      readonly action: "unmark";
      readonly path: Path;
      readonly name: string;
      readonly start: number;
      readonly end: number;
    }
  /** What is at the path was assigned twice at once: `valuesAt` gives both. */
  | { readonly action: "conflict"; readonly path: Path };

/** A mark that letters have from now on; with the value null one that they have no more. */
export interface MarkStep extends TextRange {
  readonly name: string;
  readonly value: unknown;
}

/** Automerge's patches with counters as documents show them. */
export function shownPatches(patches: readonly Patch[]): readonly Patch[] {
  return patches.map((patch) => {
    if (patch.action === "put") return { ...patch, value: shown(patch.value) };
    return patch.action === "insert" ? { ...patch, values: patch.values.map(shown) } : patch;
  });
}

const shown = (value: unknown): unknown => (isCounter(value) ? shownCounter(value) : value);
