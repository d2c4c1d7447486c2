// What vectors that count say about forked chains.
import type { AdmissionFacts } from "./admissions.ts";
import { append } from "./append.ts";
import type { ClaimFacts, Place } from "./facts.ts";

/** The author of an entry that counts holds `head` for the newest of its chain. */
export interface Claim {
  readonly author: AdmissionFacts;
  /** Of the entry that makes the claim. */
  readonly seq: number;
  readonly head: Place;
}

/** The claims that count so far, by the chain they speak of. */
export class Claims {
  readonly #byChain = new Map<string, Claim[]>();
  readonly #place: (id: string) => Place | undefined;

  constructor(place: (id: string) => Place | undefined) {
    this.#place = place;
  }

  /** Takes in a claim that counts. */
  add(author: AdmissionFacts, { at, chain, head: id }: ClaimFacts): void {
    const head = this.#place(id);
    if (head?.chain !== chain) return;
    append(this.#byChain, chain, { author, seq: at.seq, head });
  }

  about(chain: string): readonly Claim[] {
    return this.#byChain.get(chain) ?? [];
  }
}
