// Who can open which version of a key, as far as the directory tells.
import type { Verifier } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { identityKeyText } from "../keys/identity-key.ts";
import type { Admission } from "./admission.ts";
import type { Authored } from "./entitlement.ts";
import { type KeyCatalog, madeLinks } from "./key-catalog.ts";
import {
  findHolders,
  findReach,
  type Holders,
  type Keeper,
  type KeyGifts,
  type KeyMembership,
  keeperOf,
  type Reach,
  reachWithin,
  receiversOf,
} from "./key-holders.ts";
import type { LinkStatement, PermitStatement } from "./statement.ts";

/** Who can open what. */
export interface KeyOpeners {
  keeperOf(admission: Admission): Keeper;
  /** How much of a version of a key each device can open: given it by whoever could, or led to it by links. */
  depths(keyId: Uint8Array, version: Uint8Array): Depths;
  /** The versions of a key, in hex, that these lead to by links, themselves included: who opens one of these in full opens those. */
  ledTo(keyId: Uint8Array, versions: readonly Uint8Array[]): ReadonlySet<string>;
  /**
   * Who holds a user's KEM key: that of a grant, every device of the user ever seen, for who adds a device gives it this one; that of a
   * user-key statement, its author, the devices it was wrapped for, and those whom one who holds it gave it when adding them.
   */
  holdersOf(userKem: Uint8Array): ReadonlySet<Keeper>;
  /** The same once these were given too: to the same people, of the same keys. */
  goOn(more: MoreGifts): KeyOpeners;
}

/** What may be given without anything else that is known of keys. */
interface MoreGifts {
  readonly permits: readonly Authored<PermitStatement>[];
  readonly links: readonly Authored<LinkStatement>[];
}

/** How much of a version somebody can open: its content secret, or the history secret too, so that it can pass the version on. */
type Depth = "content" | "full";

/** Undefined for who can't open it. */
type Depths = (keeper: Keeper) => Depth | undefined;

/**
 * The least fixpoint: makers, whom those who can open gave permits, and where links lead. A gift by who could not open it gives nothing, so
 * nobody can make a version look open to others by saying so.
 */
export function findOpeners(
  verifier: Verifier,
  catalog: Pick<KeyCatalog, "versions" | "links">,
  gifts: KeyGifts,
  membership: KeyMembership,
): KeyOpeners {
  // Many views are replaced before anybody asks.
  let holders: Holders | null = null;
  const held = (): Holders => {
    holders ??= findHolders(verifier, gifts, membership);
    return holders;
  };
  return openersAmong(verifier, catalog, gifts, membership, held);
}

function openersAmong(
  verifier: Verifier,
  catalog: Pick<KeyCatalog, "versions" | "links">,
  gifts: KeyGifts,
  membership: KeyMembership,
  held: () => Holders,
): KeyOpeners {
  let knowledge: Knowledge | null = null;
  const known = (): Knowledge => {
    if (knowledge !== null) return knowledge;
    const links = catalog.links();
    const givers = new Set([...gifts.permits, ...links].map(({ author }) => keeperOf(verifier, author)));
    const reach = findReach(verifier, gifts, membership, held());
    knowledge = new Knowledge(givenIn(verifier, catalog, gifts, { reach, givers }), linksIn(verifier, links), givers);
    return knowledge;
  };
  return {
    keeperOf: (admission) => keeperOf(verifier, admission),
    depths: (keyId, version) => known().depths(nameOf(keyId, version)),
    ledTo: (keyId, versions) => {
      const reached = known().ledTo(versions.map((version) => nameOf(keyId, version)));
      return new Set([...reached].map((name) => name.slice(2 * KEY_ID_BYTES)));
    },
    holdersOf: (userKem) => held().get(identityKeyText(verifier, userKem)) ?? new Set(),
    goOn: ({ permits, links }) => {
      const later = { ...catalog, links: () => [...catalog.links(), ...madeLinks(links)] };
      return openersAmong(verifier, later, { ...gifts, permits: [...gifts.permits, ...permits] }, membership, held);
    },
  };
}

const KEY_ID_BYTES = 16;

/**
 * A version, which is one key's: anybody may say of a key of theirs that it has the version of another.
 * SECURITY: D11. That says nothing about the other key (key-makers.test.ts).
 */
const nameOf = (keyId: Uint8Array, version: Uint8Array): string => hexOf(keyId) + hexOf(version);

/** A version that a statement makes or gives. */
interface Given {
  readonly version: string;
  /** Who gives it; null for who makes it, and so opens it. */
  readonly by: Keeper | null;
  readonly history: PermitStatement["history"];
  /** Those who get it and give or link something themselves. */
  readonly toGivers: readonly Keeper[];
  /** All who get it. */
  to(): readonly Keeper[];
  /** How much whoever gives it was found to open, so far. */
  opened: Depth | undefined;
}

const depthOf = ({ opened, history }: Given): Depth | undefined =>
  opened === "full" && history !== "full" ? "content" : opened;

function givenIn(
  verifier: Verifier,
  { versions }: Pick<KeyCatalog, "versions">,
  { permits }: Pick<KeyGifts, "permits">,
  { reach, givers }: { readonly reach: Reach; readonly givers: ReadonlySet<Keeper> },
): readonly Given[] {
  const made = versions.map(({ author, keyId, commitment }): Given => {
    const to = [keeperOf(verifier, author)];
    const gift = { by: null, history: "full", toGivers: to, to: () => to, opened: "full" } as const;
    return { ...gift, version: nameOf(keyId, commitment) };
  });
  const amongGivers = reachWithin(reach, givers);
  const permitted = permits.flatMap((permit) => {
    const { history, versions: some } = permit.statement;
    let all: readonly Keeper[] | null = null;
    const to = (): readonly Keeper[] => {
      all ??= receiversOf(verifier, reach, permit);
      return all;
    };
    const toGivers = receiversOf(verifier, amongGivers, permit);
    const gift = { by: keeperOf(verifier, permit.author), history, toGivers, to };
    return some.map(({ keyId, version }): Given => ({ ...gift, version: nameOf(keyId, version), opened: undefined }));
  });
  return [...made, ...permitted];
}

/** Whoever opens `from` in full opens `version`, if its author opened both. */
interface Link {
  readonly by: Keeper;
  readonly from: string;
  readonly version: string;
}

const linksIn = (verifier: Verifier, links: ReturnType<KeyCatalog["links"]>): readonly Link[] =>
  links.map(({ author, keyId, from, version }) => ({
    by: keeperOf(verifier, author),
    from: nameOf(keyId, from),
    version: nameOf(keyId, version),
  }));

/**
 * Who opens what. It is followed for those who give or link anything, who are few: what all others open follows from what these give, and
 * is looked up for the versions that somebody asks about.
 */
class Knowledge {
  readonly #given: ReadonlyMap<string, readonly Given[]>;
  readonly #linksFrom: ReadonlyMap<string, readonly Link[]>;
  readonly #linksTo: ReadonlyMap<string, readonly Link[]>;
  readonly #givers: ReadonlySet<Keeper>;
  /** By version, what givers open. */
  readonly #opened = new Map<string, Map<Keeper, Depth>>();
  /** By version, what everybody opens. */
  readonly #openers = new Map<string, ReadonlyMap<Keeper, Depth>>();
  /** What was found last: keys that turn together are given together, and asked about one after the other. */
  #last: { readonly gifts: readonly OpeningGift[]; readonly openers: ReadonlyMap<Keeper, Depth> } = {
    gifts: [],
    openers: new Map(),
  };
  /** Links whose authors opened both ends: by version where they lead, and from where. */
  readonly #led = new Map<string, Set<string>>();
  readonly #leading = new Map<string, Set<string>>();

  constructor(given: readonly Given[], links: readonly Link[], givers: ReadonlySet<Keeper>) {
    this.#given = Map.groupBy(given, ({ version }) => version);
    this.#linksFrom = Map.groupBy(links, ({ from }) => from);
    this.#linksTo = Map.groupBy(links, ({ version }) => version);
    this.#givers = givers;
    for (const { by, version, toGivers } of given) if (by === null) this.#give(version, toGivers, "full");
    // The set grows while it is walked. SECURITY: D12. Only what may have changed is looked at: a member may link thousands of versions, in
    // any order (key-openers.test.ts).
    const due = new Set(this.#given.keys());
    for (const version of due) {
      due.delete(version);
      for (const gift of this.#given.get(version) ?? []) if (this.#follow(gift)) due.add(version);
      for (const link of [...(this.#linksFrom.get(version) ?? []), ...(this.#linksTo.get(version) ?? [])])
        if (this.#lead(link)) due.add(link.version);
    }
  }

  depths(version: string): Depths {
    const opened = this.#opened.get(version);
    const openers = this.#openersOf(version);
    return (keeper) => (this.#givers.has(keeper) ? opened : openers)?.get(keeper);
  }

  ledTo(versions: readonly string[]): ReadonlySet<string> {
    return reach(versions, this.#led);
  }

  #openersOf(version: string): ReadonlyMap<Keeper, Depth> {
    const known = this.#openers.get(version);
    if (known !== undefined) return known;
    const gifts = this.#giftsOpening(version);
    const openers = isSameGifts(gifts, this.#last.gifts) ? this.#last.openers : openersIn(gifts);
    this.#last = { gifts, openers };
    this.#openers.set(version, openers);
    return openers;
  }

  /** The gifts by which somebody opens a version: of it, or of what leads to it. */
  #giftsOpening(version: string): readonly OpeningGift[] {
    return [...reach([version], this.#leading)].flatMap((from) =>
      (this.#given.get(from) ?? []).flatMap((gift) => {
        const depth = depthOf(gift);
        return depth === "full" || (depth !== undefined && from === version) ? [{ gift, depth }] : [];
      }),
    );
  }

  /** @returns whether that is news */
  #give(version: string, to: readonly Keeper[], depth: Depth): boolean {
    let grew = false;
    for (const keeper of to) grew = this.#open(version, keeper, depth) || grew;
    return grew;
  }

  #open(version: string, keeper: Keeper, depth: Depth): boolean {
    const opened = this.#opened.get(version) ?? new Map<Keeper, Depth>();
    this.#opened.set(version, opened);
    const before = opened.get(keeper);
    if (before === "full" || before === depth || !this.#givers.has(keeper)) return false;
    opened.set(keeper, depth);
    return true;
  }

  #follow(gift: Given): boolean {
    const opened = gift.by === null ? undefined : this.#opened.get(gift.version)?.get(gift.by);
    if (opened === undefined || opened === gift.opened) return false;
    gift.opened = opened;
    return this.#give(gift.version, gift.toGivers, depthOf(gift) ?? opened);
  }

  #lead({ by, from, version }: Link): boolean {
    const [opening, opened] = [this.#opened.get(from), this.#opened.get(version)];
    if (opening?.get(by) !== "full" || opened?.get(by) !== "full") return false;
    this.#led.set(from, (this.#led.get(from) ?? new Set()).add(version));
    this.#leading.set(version, (this.#leading.get(version) ?? new Set()).add(from));
    let grew = false;
    for (const [keeper, depth] of opening) if (depth === "full") grew = this.#open(version, keeper, "full") || grew;
    return grew;
  }
}

interface OpeningGift {
  readonly gift: Given;
  readonly depth: Depth;
}

function openersIn(gifts: readonly OpeningGift[]): ReadonlyMap<Keeper, Depth> {
  const openers = new Map<Keeper, Depth>();
  for (const { gift, depth } of gifts)
    for (const keeper of gift.to()) if (openers.get(keeper) !== "full") openers.set(keeper, depth);
  return openers;
}

/** Whether the same people are given as much: by the same permits, or by having made the version, who makes it being one. */
function isSameGifts(some: readonly OpeningGift[], others: readonly OpeningGift[]): boolean {
  const isSame = ({ gift, depth }: OpeningGift, other: OpeningGift | undefined): boolean =>
    depth === other?.depth &&
    (gift.to === other.gift.to ||
      (gift.by === null && other.gift.by === null && gift.toGivers[0] === other.gift.toGivers[0]));
  return some.length === others.length && some.every((each, at) => isSame(each, others[at]));
}

/** These and what they lead to, however far. */
function reach(from: Iterable<string>, next: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  // The set grows while it is walked.
  const reached = new Set(from);
  for (const each of reached) for (const other of next.get(each) ?? []) reached.add(other);
  return reached;
}
