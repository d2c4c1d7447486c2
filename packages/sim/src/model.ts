import type { DocId } from "@selkie/core";

/** How an act of a person ended. `unsure`: its device died before it said so. */
type ActState = "running" | "acknowledged" | "refused" | "unsure";

/** One thing a person did to documents. It leaves a field of its own in them, so that everybody can see whether it is there. */
export interface Act {
  readonly field: string;
  readonly device: string;
  readonly type: "create" | "change" | "delete";
  state: ActState;
  /** Known once it is acknowledged, or from the beginning when the document was there. */
  documents: readonly DocId[];
}

/** The naive model: the set of acts. No order, no time, no network. */
export class Model {
  readonly acts: Act[] = [];

  begin(act: Pick<Act, "device" | "type"> & { documents?: readonly DocId[] }): Act {
    const begun: Act = { documents: [], ...act, field: `act ${this.acts.length}`, state: "running" };
    this.acts.push(begun);
    return begun;
  }

  /** The device went back to a backup: what it alone had is lost, and rightly so. */
  forget(device: string, since: number): void {
    for (const act of this.acts.slice(since))
      if (act.device === device && act.state === "acknowledged") act.state = "unsure";
  }

  /** What is wrong with a document's fields, given that it is not deleted. */
  checkFields(document: DocId, fields: ReadonlySet<string>): readonly string[] {
    const wrong: string[] = [];
    for (const { type, state, documents, field } of this.acts) {
      if (type === "delete") continue;
      const here = documents.includes(document);
      if (state === "acknowledged" && here && !fields.has(field)) wrong.push(`${document} lost ${field}`);
      if (fields.has(field) && state === "refused") wrong.push(`${document} has ${field}, which was refused`);
      if (fields.has(field) && state === "acknowledged" && !here) wrong.push(`${document} has ${field} of another`);
    }
    return wrong;
  }

  checkDeleted(document: DocId, deleted: boolean): readonly string[] {
    const deletions = this.acts.filter(({ type, documents }) => type === "delete" && documents.includes(document));
    const must = deletions.some(({ state }) => state === "acknowledged");
    const may = deletions.some(({ state }) => state !== "refused");
    if (must && !deleted) return [`${document} was deleted and is back`];
    if (deleted && !may) return [`${document} is deleted, and nobody deleted it`];
    return [];
  }

  /** Every document that an acknowledged act made or changed. */
  documents(): ReadonlySet<DocId> {
    return new Set(this.acts.flatMap(({ state, documents }) => (state === "acknowledged" ? documents : [])));
  }
}
