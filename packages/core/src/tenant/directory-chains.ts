import { compareBytes, type DatabaseId, type EntryId, limits, type VerifiedEntry, type WriterKey } from "@selkie/entry";
import type { DirectoryView } from "../directory/directory-view.ts";
import { hexOf } from "../hex.ts";
import type { VerifiedCertificate } from "../sealing/control-part.ts";

interface Chain {
  readonly writer: WriterKey;
  tip: { readonly seq: number; readonly id: EntryId };
  /** One whose signature holds. */
  certificate: VerifiedCertificate | null;
}

/** The chains of a directory: how far each goes, who certified it, and which tips the others have named. */
export class DirectoryChains {
  readonly #database: DatabaseId;
  readonly #chains = new Map<string, Chain>();
  /** By entry id: the chains that named it in a frontier. */
  readonly #namedBy = new Map<string, Set<string>>();
  #certified = 0;

  constructor(database: DatabaseId) {
    this.#database = database;
  }

  /** How many chains have a certificate. */
  get certified(): number {
    return this.#certified;
  }

  writers(): readonly WriterKey[] {
    return [...this.#chains.values()].map(({ writer }) => writer);
  }

  note({ id, header: { writer, seq } }: VerifiedEntry): void {
    const name = hexOf(writer);
    const chain = this.#chains.get(name);
    if (chain === undefined) this.#chains.set(name, { writer, tip: { seq, id }, certificate: null });
    else if (chain.tip.seq < seq) {
      this.#namedBy.delete(hexOf(chain.tip.id)); // only tips are asked for
      chain.tip = { seq, id };
    }
  }

  certify(certificate: VerifiedCertificate): void {
    const chain = this.#chains.get(hexOf(certificate.writer));
    if (chain === undefined) return;
    if (chain.certificate === null) this.#certified += 1;
    chain.certificate = certificate;
  }

  certificate(writer: WriterKey): VerifiedCertificate | null {
    return this.#chains.get(hexOf(writer))?.certificate ?? null;
  }

  /** The writer's control part names these entries. */
  cover(writer: WriterKey, ids: readonly EntryId[]): void {
    for (const id of ids) {
      const name = hexOf(id);
      const namedBy = this.#namedBy.get(name) ?? new Set();
      this.#namedBy.set(name, namedBy.add(hexOf(writer)));
    }
  }

  /** Whether the directory admits the author of this chain. `writer` in hex. */
  isAdmitted(view: DirectoryView, writer: string): boolean {
    const chain = this.#chains.get(writer);
    return chain !== undefined && view.judge({ database: this.#database, ...chain }).type === "admitted";
  }

  /**
   * The tips that no other chain has named, but for one's own and disputed ones: at most 64, ascending.
   * SECURITY: only chains that are admitted are listed, and only what they name is left out: who merely may push neither fills the
   * places nor hides anybody's statements (directory-log.test.ts "the frontier").
   */
  frontier(view: DirectoryView, own: WriterKey | null, isDisputed: (writer: WriterKey) => boolean): readonly EntryId[] {
    const admitted = new Set([...this.#chains.keys()].filter((name) => this.isAdmitted(view, name)));
    const isNamed = (id: EntryId): boolean => [...(this.#namedBy.get(hexOf(id)) ?? [])].some((by) => admitted.has(by));
    const ownName = own === null ? "" : hexOf(own);
    return [...this.#chains]
      .filter(([name, { tip }]) => name !== ownName && admitted.has(name) && !isNamed(tip.id))
      .filter(([, { writer }]) => !isDisputed(writer))
      .map(([, { tip }]) => tip.id)
      .sort(compareBytes)
      .slice(0, limits.frontier);
  }
}
