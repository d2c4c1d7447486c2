import type { VerifiedEntry, WriterKey } from "@selkie/entry";
import type { Admission } from "../directory/admission.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";

/** A chain from some seq on. */
export interface ChainPlace {
  readonly writer: WriterKey;
  readonly from: number;
}

/** An entry of an admitted writer, with the parts this device could open. */
export interface Delivery {
  readonly entry: VerifiedEntry;
  readonly admission: Admission;
  readonly parts: readonly OpenedPart[];
}

/** Why an entry of an admitted writer, or a part of it, counts for nothing. */
export type EntryRefusalCode =
  | "BEHIND_FORK"
  | "BEYOND_CUT"
  | "BRANCH_LOST"
  | "CHANGE_TOO_LARGE"
  | "CARRIED_INCOMPLETE"
  | "CHANGE_REPLACED"
  | "CHANGE_WAITING"
  | "DOC_PURGED"
  | "ENTRY_TYPE"
  | "PART_MISSING"
  | "TOO_MANY_CHAINS"
  | "WRITE_NOT_ENTITLED"
  | "WRITER_REFUSED";
