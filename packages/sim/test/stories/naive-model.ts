import type { DocId } from "@selkie/core";

/** A document as everybody who may read it is to see it in the end. */
interface Expected {
  /** Whether who made it stays. */
  readonly isCertain: boolean;
  readonly by: number;
  readonly key: string;
  /** Of people who stay, whose each is: it is to stand there once. */
  readonly words: Map<string, number>;
  /** Of people who may be cut off: each may stand there. */
  readonly doubtful: Set<string>;
  purged: "no" | "yes" | "perhaps";
  deleted: "no" | "yes" | "perhaps";
}

/** What one device shows of a document. */
export type Shown =
  | { readonly type: "unknown" }
  | { readonly type: "purged" }
  | { readonly type: "deleted" }
  | { readonly type: "there"; readonly words: readonly string[]; readonly fields: readonly string[] };

/** The naive model: documents, the words in them and whose they are, what is purged, and who may read. No order, no time, no network. */
export class NaiveModel {
  readonly #documents = new Map<DocId, Expected>();
  readonly #changed = new Set<number>();
  readonly #readers = new Map<string, Map<number, "yes" | "perhaps">>();

  /** From now on these people may read what is under a key; `perhaps` for whose rights somebody changes who may not know of that. */
  share(key: string, people: readonly number[], how: "yes" | "perhaps" = "yes"): void {
    const readers = this.#readers.get(key) ?? new Map<number, "yes" | "perhaps">();
    for (const person of people) if (readers.get(person) !== "perhaps") readers.set(person, how);
    this.#readers.set(key, readers);
  }

  /**
   * Somebody's rights are changed, by who may not know of all that they made: they make it anew. What others wrote on top goes into texts
   * and lists of their own then (decision 39), of which a document shows one.
   */
  changeRights(people: readonly number[]): void {
    for (const person of people) this.#changed.add(person);
    this.share("board", people, "perhaps");
  }

  create(
    id: DocId,
    {
      words = [],
      ...made
    }: Pick<Expected, "isCertain" | "key"> & { readonly words?: readonly string[]; readonly by: number },
  ): void {
    const { isCertain, key, by } = made;
    const document = { isCertain, by, key, words: new Map<string, number>(), doubtful: new Set<string>() };
    this.#documents.set(id, { ...document, purged: "no", deleted: "no" });
    for (const word of words) this.write(id, word, { isCertain, by });
  }

  write(id: DocId, word: string, { isCertain, by }: { readonly isCertain: boolean; readonly by: number }): void {
    const { words, doubtful } = this.#of(id);
    if (isCertain) words.set(word, by);
    else doubtful.add(word);
  }

  delete(id: DocId, isCertain: boolean): void {
    const document = this.#of(id);
    document.deleted = isCertain ? "yes" : document.deleted === "no" ? "perhaps" : document.deleted;
  }

  purge(id: DocId, isCertain: boolean): void {
    const document = this.#of(id);
    document.purged = isCertain ? "yes" : document.purged === "no" ? "perhaps" : document.purged;
  }

  keyOf(id: DocId): string {
    return this.#of(id).key;
  }

  get ids(): readonly DocId[] {
    return [...this.#documents.keys()].sort();
  }

  get purgedIds(): readonly DocId[] {
    return this.ids.filter((id) => this.#of(id).purged === "yes");
  }

  mayRead(person: number, id: DocId): "yes" | "perhaps" | "no" {
    return this.#readers.get(this.#of(id).key)?.get(person) ?? "no";
  }

  /** What is wrong with what somebody who stays is shown. */
  check(person: number, id: DocId, shown: Shown): readonly string[] {
    const { purged, deleted, words, doubtful, ...made } = this.#of(id);
    const isCertain = made.isCertain && !this.#changed.has(made.by);
    if (purged === "yes") return shown.type === "purged" ? [] : [`was purged, and is ${shown.type}`];
    const reads = this.mayRead(person, id);
    if (reads === "perhaps") return [];
    if (reads === "no") return shown.type === "there" ? ["is shown to whom it is not shared with"] : [];
    if (shown.type === "purged") return purged === "no" ? ["is purged, and nobody did"] : [];
    if (shown.type === "unknown") return isCertain ? ["is lost"] : [];
    if (shown.type === "deleted") return deleted === "no" && isCertain ? ["is deleted, and nobody did"] : [];
    const wrong = deleted === "yes" ? ["was deleted, and is there"] : [];
    const twice = shown.words.filter((word, at) => shown.words.indexOf(word) !== at);
    wrong.push(...twice.map((word) => `${word} stands there twice`));
    const known = new Set([...words.keys(), ...doubtful]);
    wrong.push(...shown.words.filter((word) => !known.has(word)).map((word) => `${word} is nobody's`));
    if (!isCertain) return wrong;
    for (const [word, by] of words) {
      if (this.mayRead(by, id) !== "yes") continue;
      if (!shown.words.includes(word)) wrong.push(`${word} is lost`);
      if (!shown.fields.includes(word)) wrong.push(`the field of ${word} is lost`);
    }
    return wrong;
  }

  #of(id: DocId): Expected {
    const document = this.#documents.get(id);
    if (document === undefined) throw new RangeError(`no document ${id}`);
    return document;
  }
}
