// A history as a device's directory knows it: it holds one branch of each chain, knows of the others by proofs, and goes over to the branch
// that the directory names, as DirectoryLog and StoredBranches do.

import { buildDirectory, type DirectoryView, type PlacedStatement } from "@selkie/core/internal";
import { nativeCrypto } from "@selkie/crypto/native";
import {
  fromHex,
  parseEntryId,
  parseSignature,
  parseStatementId,
  parseTenantId,
  toHex,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { chainOf, directory, type Entry } from "../../../src/rules/facts.ts";
import { Known } from "../../../src/rules/known.ts";
import { DirectoryBytes } from "./directory-bytes.ts";
import { bytesOf, databaseOf, type RealHistory, writerOf } from "./real-ids.ts";

type Certificate = NonNullable<PlacedStatement["certificate"]>;
type Chain = Parameters<DirectoryView["judge"]>[0];

const MOST_ROUNDS = 16;

/** What the directory of a device says of a set of entries. */
export class ToldDirectory {
  readonly bytes: DirectoryBytes;
  readonly known: Known;
  readonly view: DirectoryView;
  readonly #links: RealHistory["links"];
  readonly #held = new Map<string, readonly Entry[]>();
  /** Entries of the directory with a statement that does not count where it stands. */
  readonly #beyond: ReadonlySet<string>;

  /** @param first of rival entries, the nth arrived first */
  constructor({ entries, links }: RealHistory, first: number) {
    this.#links = links;
    this.known = new Known(entries);
    this.bytes = new DirectoryBytes(entries);
    const chains = new Map([...this.known.entries.values()].map((entry) => [chainOf(entry), entry]));
    for (const chain of chains.keys()) this.#held.set(chain, this.#pathTo(chain, null, first));
    this.view = this.#settle();
    const names = this.bytes.names();
    const refused = this.view.rejected.filter(({ code }) => code === "BEYOND_CUT" || code === "AUTHOR_REFUSED");
    this.#beyond = new Set(refused.map(({ id }) => (names.get(toHex(id)) ?? "").replace(/[/+].*$/, "")));
  }

  /** What the device has: the branches that it holds, and of others, as proofs show it, no more than where they are. */
  get entries(): readonly Entry[] {
    const held = new Set([...this.#held.values()].flat());
    const others = [...this.known.entries.values()].filter((entry) => !held.has(entry));
    return [...held, ...others.map(({ change: _, ...entry }) => ({ ...entry, statements: [], vector: new Map() }))];
  }

  /** The entries that count for a device that was given everything. */
  counting(): readonly Entry[] {
    return [...this.#held.values()].flatMap((held) => {
      const verdict = this.view.judge(this.#chain(held));
      if (verdict.type !== "admitted") return [];
      // As ChainEnds judges what is no statement.
      const { last, fork } = verdict;
      const deciding = fork?.deciding ?? [];
      const isNamed = deciding.length > 0 && deciding.every((id) => held.some((each) => each.id === id));
      const end = fork === null || isNamed ? last : Math.min(last, fork.seq - 1);
      return held.filter(({ id, seq }) => seq <= end && !this.#beyond.has(id));
    });
  }

  /** Until the directory names no branch that is not held. */
  #settle(): DirectoryView {
    let view = this.#build();
    for (let round = 0; round < MOST_ROUNDS; round += 1) {
      const turned = [...this.#held].filter(([chain, held]) => this.#turn(view, chain, held));
      if (turned.length === 0) return view;
      view = this.#build();
    }
    throw new RangeError("the directory names one branch, then another");
  }

  #turn(view: DirectoryView, chain: string, held: readonly Entry[]): boolean {
    const verdict = view.judge(this.#chain(held));
    const named = verdict.type === "admitted" ? this.known.entries.get(verdict.named?.id ?? "") : undefined;
    if (named === undefined || chainOf(named) !== chain || held.includes(named)) return false;
    this.#held.set(chain, this.#pathTo(chain, named, 0));
    return true;
  }

  /** The entries from the first of a chain, by one of its branches: on the way to `through`, then as they arrived. */
  #pathTo(chain: string, through: Entry | null, nth: number): readonly Entry[] {
    const path: Entry[] = [];
    for (;;) {
      const next = this.known.following(chain, path.at(-1) ?? null);
      const towards = next.find((entry) => through !== null && this.known.isOnTheWay(entry, through));
      const entry = towards ?? next[nth % Math.max(next.length, 1)];
      if (entry === undefined) return path;
      path.push(entry);
    }
  }

  #chain(held: readonly Entry[]): Chain {
    const [first] = held;
    if (first === undefined) throw new RangeError("a chain has entries");
    return { database: databaseOf(first.database), writer: writerOf(first), certificate: this.#certificate(first) };
  }

  get #founding(): Entry {
    const founding = [...this.known.entries.values()].find(
      ({ database, writer, prev }) => database === directory && writer === "root.0" && prev === null,
    );
    if (founding === undefined) throw new RangeError("nobody founded it");
    return founding;
  }

  #certificate(first: Entry): Certificate | null {
    const founding = this.#founding;
    if (first.id === founding.id) return null;
    const tenant = parseTenantId(fromHex(founding.id));
    const author = this.known.admissions.get(first.admission);
    const isRoot = first.admission === "root";
    const name = author?.device[0] ?? first.admission;
    const certificate = {
      device: isRoot ? writerOf(founding) : this.bytes.keys(name).sign,
      admission: isRoot ? parseStatementId(fromHex(founding.id)) : this.bytes.statement(first.admission),
      incarnation: bytesOf(first.id, 16),
      previous: null,
      signature: parseSignature(new Uint8Array(64)),
    };
    const claim = { tenant, database: databaseOf(first.database), writer: writerOf(first), certificate };
    return claim as unknown as Certificate; // signatures are verified where certificates are read
  }

  #build(): DirectoryView {
    const founding = this.#founding;
    const identity = {
      tenant: parseTenantId(fromHex(founding.id)),
      root: writerOf(founding),
      directory: databaseOf(directory),
    };
    const placed: PlacedStatement[] = [...this.#proofs()];
    const vectors = [];
    for (const held of this.#held.values()) {
      if (held[0]?.database !== directory) continue;
      const { writer, certificate } = this.#chain(held);
      for (const entry of held) {
        const at = { entry: parseEntryId(fromHex(entry.id)), writer, seq: entry.seq, certificate };
        if (entry.id === founding.id)
          placed.push({ ...at, id: this.bytes.statement("founding"), part: 0, statement: this.bytes.founding() });
        placed.push(...this.#statementsOf(entry, at));
        const heads = [...entry.vector].flatMap(([chain, id]) => this.#head(chain, id));
        // Of an entry in which nothing stands a directory does not know.
        if (heads.length > 0 || entry.statements.length === 0) vectors.push({ ...at, heads });
      }
    }
    return buildDirectory(nativeCrypto, identity, placed, vectors);
  }

  #statementsOf(entry: Entry, at: Pick<PlacedStatement, "entry" | "writer" | "seq" | "certificate">) {
    const parts = entry.statements.flatMap((statement) =>
      this.bytes.parts(statement).map((said, nth) => ({
        id: nth === 0 ? this.bytes.statement(statement.id) : parseStatementId(bytesOf(`${statement.id} part ${nth}`)),
        statement: said,
      })),
    );
    return parts.map((part, nth): PlacedStatement => ({ ...at, ...part, part: nth + 1 }));
  }

  #head(chain: string, id: string) {
    const entry = this.known.entries.get(id);
    if (entry === undefined || chainOf(entry) !== chain) return [];
    return [{ writer: writerOf(entry), seq: entry.seq, id: parseEntryId(fromHex(id)) }];
  }

  /** That chains fork, said by nobody in particular. */
  *#proofs(): Generator<PlacedStatement> {
    let seq = 0;
    const writer = writerOf({ database: directory, writer: "stranger" });
    const places = Map.groupBy(this.known.entries.values(), (entry) => `${chainOf(entry)} ${entry.prev}`);
    for (const [first, ...others] of places.values()) {
      for (const other of others) {
        const [database, prev] = [databaseOf(other.database), other.prev];
        const branches = [first, other].map((entry) => ({
          links: [this.#links.get(entry?.id ?? "")].flatMap((link) => link ?? []),
          signature: parseSignature(new Uint8Array(64)),
        }));
        const [one, two] = branches;
        if (one === undefined || two === undefined) continue;
        yield {
          id: parseStatementId(bytesOf(`proof of ${other.id}`)),
          entry: parseEntryId(bytesOf(`proof at ${seq}`)),
          ...{ part: 0, writer, seq, certificate: null },
          statement: {
            type: "fork",
            ...{ database, writer: writerOf(other), seq: other.seq },
            prev: prev === null ? ZERO_ENTRY_ID : parseEntryId(fromHex(prev)),
            branches: [one, two],
          },
        };
        seq += 1;
      }
    }
  }
}
