import {
  type DatabaseId,
  type EntryId,
  equalBytes,
  toHex,
  type VerifiedEntry,
  type VerifiedRun,
  type WriterKey,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import type { EntryStore } from "@selkie/store";
import type { Admission, PlacedStatement } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import type { ProvenFork } from "../directory/proven-forks.ts";
import { type Statement, statementId } from "../directory/statement.ts";
import { authorsOf, type ChainJudge } from "../replica/judge-chains.ts";
import { NamedEntries } from "../replica/named-entries.ts";
import { OtherBranches } from "../replica/other-branches.ts";
import { StoredBranches } from "../replica/stored-branches.ts";
import type { Certificate, VerifiedCertificate } from "../sealing/control-part.ts";
import type { SealedEntries } from "../writer/writer-chain.ts";
import type { DirectoryClaim } from "./directory-claims.ts";
import { DirectoryOpener } from "./directory-opener.ts";
import { DirectoryParts } from "./directory-parts.ts";
import type { DuePermits } from "./due-permits.ts";
import type { TenantContext } from "./tenant-context.ts";

/** What this device learned while reading the directory. */
export interface DirectoryNews {
  readonly changed: boolean;
  readonly newKeys: boolean;
  /** Ids of keys that came in a permit though no statement commits to them: they were dropped. */
  readonly unauthentic: readonly Uint8Array[];
  /** Of each chain of an admitted author that was read: the newest of its entries that names heads of others. */
  readonly claims: readonly DirectoryClaim[];
}

/** The directory with what this device is about to say. */
interface Foreseen {
  readonly view: DirectoryView;
  readonly said: readonly PlacedStatement[];
  /** What it goes on from: the view, how much was read, and how many statements. */
  readonly from: DirectoryView;
  readonly size: number;
  readonly statements: number;
}

/** Whoever may cut another stands above it: what decides about a chain is settled after as many rounds as there are above it. */
const MOST_ROUNDS = 16;

/**
 * The directory as this device knows it: what follows from the entries that were opened, and whom it admits to its own chains. The view
 * is a pure function of what they say.
 */
export class DirectoryLog {
  readonly #context: TenantContext;
  readonly #database: DatabaseId;
  /** The entries that name the branches of the directory's own chains. */
  readonly named: NamedEntries;
  /** What came of other branches of them than are stored. */
  readonly branches: OtherBranches;
  readonly #stored: StoredBranches;
  readonly #parts: DirectoryParts;
  readonly #opener: DirectoryOpener;
  /** What `frontier` last answered: every local change asks. */
  #frontier: { readonly own: WriterKey | null; readonly heads: readonly EntryId[] } | null = null;
  /** What this device is about to say. */
  #foreseen: Foreseen | null = null;
  /** Everything was read once more, for something is gone. */
  #isAnew = false;
  /** Of what was read so far. */
  #view: DirectoryView;
  /** What others see: it goes on together with the keys of the ring, so that what it says of them is so. */
  #shown: DirectoryView;

  /** @param onLost of a chain another branch counts than is stored */
  constructor(context: TenantContext, database: DatabaseId, entries: EntryStore, onLost: () => void = () => undefined) {
    this.named = new NamedEntries(onLost);
    this.branches = new OtherBranches({ ...context, database });
    this.#context = context;
    this.#database = database;
    const { crypto } = context.platform;
    this.#parts = new DirectoryParts({ verifier: crypto, tenant: context.tenant, directory: database });
    this.#opener = new DirectoryOpener(context, database, entries, this.#parts);
    this.#stored = new StoredBranches({
      ...{ verifier: crypto, entries, named: this.named },
      signatures: (writer, id) => this.#view.cutSignatures(writer, id),
    });
    this.#view = this.#build();
    this.#shown = this.#view;
  }

  get view(): DirectoryView {
    return this.#shown;
  }

  /** Which permits relays are to send, and where one is missing that may be for this device. */
  get due(): Pick<DuePermits, "wanted" | "lacks" | "lacking"> {
    return this.#opener.due;
  }

  /** The founding entry, whose hash is the tenant id and whose writer is the root. */
  get founding(): VerifiedEntry | null {
    return this.#parts.founding;
  }

  /** The tips of the directory's admitted chains that no other of them has named, but for one's own and those that fork: at most 64, ascending. */
  frontier(own: WriterKey | null): readonly EntryId[] {
    if (this.#frontier === null || this.#frontier.own !== own)
      this.#frontier = {
        own,
        heads: this.#parts.chains.frontier(this.#view, own, (writer) => this.#isDisputed(writer)),
      };
    return this.#frontier.heads;
  }

  /** The admission of a writer of the directory, once it is admitted. */
  admissionOf(writer: WriterKey): Admission | null {
    const verdict = this.#judge(this.#view, writer);
    return verdict.type === "admitted" ? verdict.admission : null;
  }

  /** Whose the chains are that these first entries begin, as far as the directory lets them in; by writer in hex. */
  authorsOf(firsts: readonly VerifiedEntry[]): Promise<ReadonlyMap<string, Admission>> {
    const { tenant, ring, platform } = this.#context;
    const judge: ChainJudge["judge"] = (writer, certificate) =>
      this.#view.judge({ database: this.#database, writer, certificate });
    return authorsOf({ crypto: platform.crypto, tenant, database: this.#database, ring, judge }, firsts);
  }

  /** The last seq of an author's chain that cuts let stand. */
  cut(writer: WriterKey, author: Admission): number {
    return this.#view.endOf({ database: this.#database, writer }, author).last;
  }

  /** What certifies a chain of the directory; null for none that is genuine. */
  certificateOf(writer: WriterKey): Certificate | null {
    return this.certified(writer)?.certificate ?? null;
  }

  /** The same with what it certifies. */
  certified(writer: WriterKey): VerifiedCertificate | null {
    return this.#parts.chains.certificate(writer);
  }

  /** Whether the directory has ended one of its own chains. */
  isEnded(writer: WriterKey): boolean {
    const verdict = this.#judge(this.#view, writer);
    return verdict.type === "admitted" && (verdict.fork !== null || verdict.last < Number.POSITIVE_INFINITY);
  }

  /** Whom the directory admits as the writer of one of its chains. */
  author(writer: WriterKey): Admission | null {
    const verdict = this.#judge(this.#shown, writer);
    return verdict.type === "admitted" ? verdict.admission : null;
  }

  /** It forks, and it is not said that the branch counts that is stored: who has another cannot get this one. */
  #isDisputed(writer: WriterKey): boolean {
    const verdict = this.#judge(this.#view, writer);
    if (verdict.type !== "admitted" || verdict.fork === null) return false;
    return verdict.fork.deciding.length === 0 || this.#stored.lostAt(writer) !== null;
  }

  #judge(view: DirectoryView, writer: WriterKey): ReturnType<DirectoryView["judge"]> {
    return view.judge({ database: this.#database, writer, certificate: this.#parts.chains.certificate(writer) });
  }

  /**
   * Whether an entry is known to lie on another branch of a chain than is stored, by a proof or because it came, and nothing says that
   * the branch counts which it lies on.
   */
  isElsewhere(id: EntryId): boolean {
    const isOn = ({ database, rivalOf }: ProvenFork): boolean =>
      equalBytes(database, this.#database) && rivalOf.has(toHex(id));
    const writer = this.branches.writerOf(id) ?? this.#shown.forks.find(isOn)?.writer;
    return writer !== undefined && this.#stored.lostAt(writer) === null;
  }

  /** Reads everything the store holds. */
  async all(): Promise<DirectoryNews> {
    await this.branches.load();
    return this.#learn(() => this.#opener.all());
  }

  /** Reads entries; a permit found in them may open earlier ones, which are then read again. */
  read(runs: readonly VerifiedRun[]): Promise<DirectoryNews> {
    return this.#learn(() => this.#opener.entries(runs.flatMap((run) => run.entries)));
  }

  /** Reads what this device has just sealed, with keys of its ring and for them. */
  own(sealed: Pick<SealedEntries, "runs" | "drafts">): Promise<DirectoryNews> {
    return this.#learn(() => this.#opener.own(sealed));
  }

  /**
   * Drops the end of a chain, by `commit`, and reads what is left: permits and statements of a branch that is gone are as if they had
   * never come.
   */
  replace(commit: () => Promise<unknown>): Promise<DirectoryNews> {
    return this.#learn(async () => {
      await commit();
      this.#opener.clear();
      this.#isAnew = true;
      return this.#opener.all();
    });
  }

  /** Which branches are stored of chains that are cut: it changes what counts, and so what is cut. */
  async #lookAtBranches(): Promise<void> {
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      for (const writer of this.#parts.chains.writers()) {
        const verdict = this.#judge(this.#view, writer);
        await this.#stored.look(writer, verdict.type === "admitted" ? verdict.named : null);
      }
      if (!this.#stored.hasChanged()) return;
      this.#view = this.#build();
    }
  }

  async #learn(take: () => Promise<boolean>): Promise<DirectoryNews> {
    const before = this.#parts.size;
    const foreseen = this.#foreseen?.from === this.#view ? this.#foreseen : null;
    let newKeys = await take();
    this.#view = (foreseen === null ? null : this.#goOn(foreseen)) ?? this.#build();
    this.#foreseen = null;
    await this.#lookAtBranches();
    while (await this.#opener.findPerson(this.#view)) {
      newKeys = true;
      this.#view = this.#build();
    }
    const { keys } = this.#opener;
    for (let recalled = keys.recall(this.#view); recalled.length > 0; recalled = keys.recall(this.#view)) {
      newKeys = (await this.#opener.places(recalled)) || newKeys;
      this.#view = this.#build();
    }
    await this.#opener.lookForDue(this.#view);
    const unauthentic = keys.confirm(this.#view, () => this.#opener.isReadable(this.#view));
    const follow = await this.#context.ring.following(this.#view.keys());
    this.#shown = this.#view;
    this.#frontier = null;
    follow();
    const changed = this.#isAnew || this.#parts.size !== before;
    this.#isAnew = false;
    return {
      changed,
      newKeys,
      unauthentic,
      claims: this.#parts.heard.take((writer) => this.#judge(this.#view, writer)),
    };
  }

  /**
   * The directory as it will be once this device has said these statements in an entry of its own: what a rotation has to know before it is
   * made. Where it is that entry which is read next, the view goes on from here.
   */
  foresee(place: Omit<PlacedStatement, "id" | "part" | "statement">, statements: readonly Statement[]): DirectoryView {
    const { crypto } = this.#context.platform;
    const said = statements.map((statement, at): PlacedStatement => {
      const part = at + 1;
      return { ...place, id: statementId(crypto, place.entry, part), part, statement };
    });
    const view = this.#build(said);
    const { size } = this.#parts;
    this.#foreseen = { view, said, from: this.#view, size, statements: this.#parts.statements.size };
    return view;
  }

  /** What was foreseen, with what came behind it. Null where anything else came, or what came takes judging everybody. */
  #goOn({ view, said, size, statements }: Foreseen): DirectoryView | null {
    const came = this.#parts.since(statements, (writer) => this.#isHeard(writer));
    const isForeseen = said.every(({ id }, at) => equalBytes(id, came[at]?.id ?? ZERO_ENTRY_ID));
    return isForeseen && this.#parts.size === size + came.length ? view.goOn(came.slice(said.length)) : null;
  }

  #build(more: readonly PlacedStatement[] = []): DirectoryView {
    return this.#parts.view((writer) => this.#isHeard(writer), more);
  }

  /** Where a chain leaves the branch that counts is not known: nothing of it is heard until that one is here. */
  #isHeard(writer: WriterKey): boolean {
    return this.#stored.lostAt(writer) === null || this.#view.forkOf(this.#database, writer) !== undefined;
  }
}
