// Small and large directories, as accept gets them.
import { type Accepted, accept } from "../../src/membership/accept.ts";
import { collectChains, type LinkFacts } from "../../src/membership/collect-chains.ts";
import type {
  ChainFacts,
  ClaimFacts,
  DirectoryFacts,
  GrantFacts,
  Place,
  RevokeFacts,
  StatementFacts,
} from "../../src/membership/facts.ts";

interface Written extends LinkFacts {
  readonly statements: readonly StatementFacts[];
}

type Judged = Accepted & { place(id: string): Place };

function placeIn(place: (id: string) => Place | undefined, id: string): Place {
  const at = place(id);
  if (at === undefined) throw new TypeError(`${id} is in no chain`);
  return at;
}

/** Appends entries; an entry's only statement has the entry's id. */
export class Directory {
  readonly #written: Written[] = [];
  readonly #heads = new Map<string, Written>();

  say(admission: string, statement: StatementFacts, after?: Written | null): Written {
    return this.#append({ chain: `directory/${admission}`, admission, statements: [statement], after });
  }

  write(admission: string, after?: Written | null): Written {
    return this.#append({ chain: `notes/${admission}`, admission, statements: [], after });
  }

  /** A first entry under another's writer key. */
  impersonate(admission: string, chain: string): Written {
    return this.#append({ chain, admission, statements: [], after: null });
  }

  grant(admission: string, grant: Partial<GrantFacts> = {}): string {
    const full: GrantFacts = { role: "editor", person: [], device: [], after: [], keys: [], ...grant };
    return this.say(admission, { type: "grant", grant: full }).id;
  }

  revoke(admission: string, revoke: Partial<RevokeFacts>): string {
    return this.say(admission, { type: "revoke", revoke: { targets: [], keys: [], cuts: new Map(), ...revoke } }).id;
  }

  /** All of it, as accept gets it. */
  get facts(): DirectoryFacts & { readonly chains: readonly ChainFacts[] } {
    const { chains, place } = collectChains(this.#written);
    const statements = this.#written.flatMap(({ id, statements: said }) =>
      said.map((statement) => ({ id, at: placeIn(place, id), statement })),
    );
    return { chains, statements, claims: [], place };
  }

  /** As it is judged now. */
  accept(claims: readonly { readonly by: Written; readonly chain: string; readonly head: string }[] = []): Judged {
    const { chains, ...facts } = this.facts;
    const placed = claims.map(({ by, ...claim }): ClaimFacts => ({ at: placeIn(facts.place, by.id), ...claim }));
    return { ...accept(chains, { ...facts, claims: placed }), place: (id) => placeIn(facts.place, id) };
  }

  #append({
    chain,
    admission,
    statements,
    after,
  }: Pick<Written, "chain" | "statements"> & { admission: string; after: Written | null | undefined }): Written {
    const before = after === undefined ? (this.#heads.get(chain) ?? null) : after;
    const entry: Written = {
      id: `e${this.#written.length.toString().padStart(6, "0")}`,
      chain,
      seq: before === null ? 0 : before.seq + 1,
      prev: before?.id ?? null,
      admission: before === null ? admission : null,
      statements,
    };
    this.#written.push(entry);
    this.#heads.set(chain, entry);
    return entry;
  }
}
