// What the parts of the directory's entries say, as far as they could be opened.
import type { Plaintext } from "@selkie/crypto";
import {
  type DatabaseId,
  equalBytes,
  type TenantId,
  toHex,
  type VerifiedEntry,
  type Verifier,
  type WriterKey,
} from "@selkie/entry";
import type { PlacedStatement } from "../directory/admission.ts";
import { buildDirectory } from "../directory/build-directory.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { isProof } from "../directory/fork.ts";
import type { PlacedVector } from "../directory/membership-facts.ts";
import { linksOf, statementId } from "../directory/statement.ts";
import { statementIn } from "../directory/statement-codec.ts";
import { CoreError } from "../errors.ts";
import type { VersionLink } from "../keys/version-link.ts";
import { decodeControlPart, verifyCertificates } from "../sealing/control-part.ts";
import type { OpenedPart } from "../sealing/open-entry.ts";
import { DirectoryChains } from "./directory-chains.ts";
import { HeardClaims } from "./heard-claims.ts";

export interface DirectoryPartsContext {
  readonly verifier: Verifier;
  readonly tenant: TenantId;
  readonly directory: DatabaseId;
}

/** Collects statements, vectors, certificates and claims, whoever made them. What counts of them is for the view to say. */
export class DirectoryParts {
  readonly #at: DirectoryPartsContext;
  readonly #statements = new Map<string, Omit<PlacedStatement, "certificate">>();
  /** By entry in hex. */
  readonly #vectors = new Map<string, Omit<PlacedVector, "certificate">>();
  readonly #links: VersionLink[] = [];
  #chains: DirectoryChains;
  readonly heard: HeardClaims = new HeardClaims();
  #founding: VerifiedEntry | null = null;

  constructor(at: DirectoryPartsContext) {
    this.#at = at;
    this.#chains = new DirectoryChains(at.directory);
  }

  get chains(): DirectoryChains {
    return this.#chains;
  }

  /** By id in hex. */
  get statements(): ReadonlyMap<string, Omit<PlacedStatement, "certificate">> {
    return this.#statements;
  }

  get founding(): VerifiedEntry | null {
    return this.#founding;
  }

  /** Grows with whatever is new. */
  get size(): number {
    return this.#statements.size + this.#vectors.size + this.#chains.certified;
  }

  /** Everything is read again, for something is gone. The founding entry never is. */
  clear(): void {
    this.#chains = new DirectoryChains(this.#at.directory);
    this.#statements.clear();
    this.#links.length = 0;
    this.#vectors.clear();
    this.heard.clear();
  }

  /** An entry that is here, before its parts. */
  note(entry: VerifiedEntry): void {
    if (equalBytes(entry.id, this.#at.tenant)) this.#founding = entry;
    this.#chains.note(entry);
  }

  /** A part that is malformed counts for nothing, on every replica alike. */
  async read(entry: VerifiedEntry, part: OpenedPart & { type: "opened" }): Promise<void> {
    try {
      if (part.kind === "control") await this.#control(entry, part.plaintext);
      if (part.kind === "statement") await this.#statement(entry, part.index, part.plaintext);
    } catch (error) {
      if (!(error instanceof CoreError)) throw error;
    }
  }

  /** Whoever made them: what a link gives is compared with the version it names, and is no more trusted than what opened it. */
  links(): readonly VersionLink[] {
    return this.#links;
  }

  /**
   * The directory that follows.
   *
   * @param isHeard whether what a chain says counts as far as it is known where it leaves the branch that counts
   * @param more statements that are not here
   */
  view(isHeard: (writer: WriterKey) => boolean, more: readonly PlacedStatement[] = []): DirectoryView {
    const statements = [...more, ...this.#certified(this.#statements.values(), isHeard)];
    const { verifier, tenant, directory } = this.#at;
    const identity = { tenant, root: this.#root, directory };
    return buildDirectory(verifier, identity, statements, this.#certified(this.#vectors.values(), isHeard));
  }

  /** The statements that came after so many. */
  since(count: number, isHeard: (writer: WriterKey) => boolean): readonly PlacedStatement[] {
    return this.#certified([...this.#statements.values()].slice(count), isHeard);
  }

  get #root(): WriterKey | null {
    return this.#founding?.header.writer ?? null;
  }

  /** With the certificates of their chains: without one, nothing is heard but the root. */
  #certified<Placed extends { readonly writer: WriterKey }>(
    all: Iterable<Placed>,
    isHeard: (writer: WriterKey) => boolean,
  ): readonly (Placed & Pick<PlacedStatement, "certificate">)[] {
    const root = this.#root;
    return [...all].flatMap((placed) => {
      if (!isHeard(placed.writer)) return [];
      const certificate = this.#chains.certificate(placed.writer);
      const byRoot = root !== null && equalBytes(placed.writer, root);
      return byRoot || certificate !== null ? [{ ...placed, certificate: byRoot ? null : certificate }] : [];
    });
  }

  async #statement(entry: VerifiedEntry, part: number, plaintext: Plaintext): Promise<void> {
    const { writer, seq } = entry.header;
    const { verifier } = this.#at;
    const id = statementId(verifier, entry.id, part);
    const statement = statementIn(plaintext);
    if (statement.type === "fork" && !(await isProof(verifier, statement))) return;
    const name = toHex(id);
    if (!this.#statements.has(name)) this.#links.push(...linksOf(statement));
    this.#statements.set(name, { id, entry: entry.id, part, writer, seq, statement });
  }

  async #control(entry: VerifiedEntry, plaintext: Plaintext): Promise<void> {
    const { seq, writer } = entry.header;
    const { certificate, frontier, vector } = decodeControlPart(plaintext);
    this.#chains.cover(writer, frontier ?? []);
    if (frontier !== null) this.heard.hear({ entry, heads: frontier, tag: null });
    if (vector !== null) this.#vectors.set(toHex(entry.id), { entry: entry.id, writer, seq, heads: vector });
    if (seq !== 0 || certificate === null) return;
    const { verifier, tenant, directory } = this.#at;
    const [verified] = await verifyCertificates(verifier, [{ tenant, database: directory, writer, certificate }]);
    if (verified) this.#chains.certify(verified);
  }
}
