// Who can open which version of a key, as far as the directory tells, and which versions no ended device can open.
import type { StatementId, Verifier } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import { identityKeyText } from "../keys/identity-key.ts";
import { type Admission, isMember, type Member } from "./admission.ts";
import type { Authored } from "./entitlement.ts";
import type { KeyCatalog } from "./key-catalog.ts";
import {
  type AddDeviceStatement,
  type PermitStatement,
  type Reference,
  statementIdText,
  type UserKeyStatement,
} from "./statement.ts";

/** What membership says, as far as keys need it. */
export interface KeyMembership {
  /** Every admission ever seen but the root's, void and ended ones too. */
  readonly members: readonly Member[];
  /** Whether an admission counts and no revocation covers it. */
  isLive(id: StatementId): boolean;
  /** The first grant of the person, through all changes. */
  personOf(member: Member): StatementId;
}

/** Every such statement ever seen of an author once admitted, whether it counts or not. */
export interface KeyGifts {
  readonly permits: readonly Authored<PermitStatement>[];
  readonly userKeys: readonly Authored<UserKeyStatement>[];
  readonly addedDevices: readonly Authored<AddDeviceStatement>[];
}

/** A device as a keeper of secrets: the name of its KEM key, or the root. Admissions of one KEM key are one keeper. */
export type Keeper = string;

function keeperOf(verifier: Verifier, admission: Admission): Keeper {
  return isMember(admission) ? identityKeyText(verifier, admission.deviceKem) : "root";
}

/** Who can open what. */
export interface KeyOpeners {
  keeperOf(admission: Admission): Keeper;
  /** Whether a device can open a version: given its content secret by whoever could, or led to it by links. */
  canOpen(keeper: Keeper, version: Uint8Array): boolean;
  /** Whether it holds the history secret too, so that it can pass the version on. */
  opensFully(keeper: Keeper, version: Uint8Array): boolean;
  /** The versions, in hex, that these lead to by links, themselves included: who opens one of these in full opens those. */
  ledTo(versions: readonly Uint8Array[]): ReadonlySet<string>;
  /**
   * Who holds a user's KEM key: that of a grant, every device of the user ever seen, for who adds a device gives it this one; that of a
   * user-key statement, its author, the devices it was wrapped for, and those whom one who holds it gave it when adding them.
   */
  holdersOf(userKem: Uint8Array): ReadonlySet<Keeper>;
}

/** How much of a version somebody can open: its content secret, or the history secret too. */
type Depth = "content" | "full";

/** Who can open which version, by version. */
class Knowledge {
  readonly #byVersion = new Map<string, Map<Keeper, Depth>>();
  /** By version, those it leads to by links that were followed. */
  readonly #led = new Map<string, Set<string>>();

  of(version: string): Map<Keeper, Depth> {
    const known = this.#byVersion.get(version) ?? new Map<Keeper, Depth>();
    this.#byVersion.set(version, known);
    return known;
  }

  /** @returns whether that is news */
  give(known: Map<Keeper, Depth>, keeper: Keeper, depth: Depth): boolean {
    const before = known.get(keeper);
    if (before === "full" || before === depth) return false;
    known.set(keeper, depth);
    return true;
  }

  link(from: string, version: string): void {
    this.#led.set(from, (this.#led.get(from) ?? new Set()).add(version));
  }

  ledTo(versions: readonly string[]): ReadonlySet<string> {
    // The set grows while it is walked: links lead on.
    const reached = new Set(versions);
    for (const each of reached) for (const next of this.#led.get(each) ?? []) reached.add(next);
    return reached;
  }
}

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
  const holders = findHolders(verifier, gifts, membership);
  let knowledge: Knowledge | null = null; // many views are replaced before anybody asks
  const known = (): Knowledge => {
    knowledge ??= spread(verifier, catalog, {
      permits: gifts.permits,
      to: receiversOf(verifier, gifts, membership, holders),
    });
    return knowledge;
  };
  return {
    keeperOf: (admission) => keeperOf(verifier, admission),
    canOpen: (keeper, version) => known().of(hexOf(version)).has(keeper),
    opensFully: (keeper, version) => known().of(hexOf(version)).get(keeper) === "full",
    ledTo: (versions) => known().ledTo(versions.map(hexOf)),
    holdersOf: (userKem) => holders.get(identityKeyText(verifier, userKem)) ?? new Set(),
  };
}

function spread(
  verifier: Verifier,
  catalog: Pick<KeyCatalog, "versions" | "links">,
  given: {
    readonly permits: readonly Authored<PermitStatement>[];
    to(permit: Authored<PermitStatement>): readonly Keeper[];
  },
): Knowledge {
  const knowledge = new Knowledge();
  for (const { author, commitment } of catalog.versions)
    knowledge.give(knowledge.of(hexOf(commitment)), keeperOf(verifier, author), "full");
  const permits = given.permits.flatMap((permit) => permitted(verifier, permit, given.to(permit)));
  const links = catalog.links.map(({ author, from, version }) => ({
    author: keeperOf(verifier, author),
    from: hexOf(from),
    version: hexOf(version),
  }));
  const permitsByVersion = Map.groupBy(permits, ({ version }) => version);
  const linksFrom = Map.groupBy(links, ({ from }) => from);
  const linksTo = Map.groupBy(links, ({ version }) => version);
  // The set grows while it is walked. SECURITY: D12. Only what may have changed is looked at: a member may link thousands of versions, in
  // any order (key-openers.test.ts).
  const due = new Set([...catalog.versions.map(({ commitment }) => hexOf(commitment)), ...permitsByVersion.keys()]);
  for (const version of due) {
    due.delete(version);
    for (const permit of permitsByVersion.get(version) ?? []) if (follow(knowledge, permit)) due.add(version);
    for (const link of [...(linksFrom.get(version) ?? []), ...(linksTo.get(version) ?? [])])
      if (lead(knowledge, link)) due.add(link.version);
  }
  return knowledge;
}

/** One version that a permit statement gives. */
interface Permitted {
  readonly author: Keeper;
  readonly history: PermitStatement["history"];
  readonly version: string;
  readonly to: readonly Keeper[];
  /** What its author was seen to open when it was last followed: nothing comes of it again before that is more. */
  followed: Depth | undefined;
}

function permitted(
  verifier: Verifier,
  { author, statement }: Authored<PermitStatement>,
  to: readonly Keeper[],
): readonly Permitted[] {
  const by = keeperOf(verifier, author);
  const { history } = statement;
  return statement.versions.map(({ version }) => ({
    author: by,
    history,
    version: hexOf(version),
    to,
    followed: undefined,
  }));
}

function follow(knowledge: Knowledge, permit: Permitted): boolean {
  const known = knowledge.of(permit.version);
  const depth = known.get(permit.author);
  if (depth === undefined || depth === permit.followed) return false;
  permit.followed = depth;
  const given = permit.history === "full" ? depth : "content";
  let grew = false;
  for (const keeper of permit.to) grew = knowledge.give(known, keeper, given) || grew;
  return grew;
}

function lead(
  knowledge: Knowledge,
  { author, from, version }: { readonly author: Keeper; readonly from: string; readonly version: string },
): boolean {
  const [opening, opened] = [knowledge.of(from), knowledge.of(version)];
  if (opening.get(author) !== "full" || opened.get(author) !== "full") return false;
  knowledge.link(from, version);
  let grew = false;
  for (const [keeper, depth] of opening) if (depth === "full") grew = knowledge.give(opened, keeper, "full") || grew;
  return grew;
}

/** By the name of a KEM key. */
type Holders = ReadonlyMap<string, ReadonlySet<Keeper>>;

function findHolders(verifier: Verifier, { userKeys, addedDevices }: KeyGifts, membership: KeyMembership): Holders {
  const holders = new Map<string, Set<Keeper>>();
  const hold = (kem: string, keeper: Keeper): void => {
    const of = holders.get(kem) ?? new Set<Keeper>();
    holders.set(kem, of.add(keeper));
  };
  // SECURITY: a device that a user-key statement leaves out can add devices to no avail (key-recipients.test.ts).
  for (const member of membership.members) {
    hold(identityKeyText(verifier, member.userKem), keeperOf(verifier, member));
  }
  const byId = new Map(membership.members.map((member) => [hexOf(member.id), member]));
  for (const { statement, author } of userKeys) {
    const kem = identityKeyText(verifier, statement.kem);
    hold(kem, keeperOf(verifier, author));
    for (const id of statement.to) {
      const device = byId.get(hexOf(id));
      if (device !== undefined) hold(kem, keeperOf(verifier, device));
    }
  }
  const nameOf = (kem: Uint8Array): string => identityKeyText(verifier, kem);
  const kemByStatement = new Map(userKeys.map(({ placed, statement }) => [hexOf(placed.id), nameOf(statement.kem)]));
  const passedOn = addedDevices.flatMap(({ author, statement }) =>
    statement.userKeys.flatMap((id) => {
      const kem = kemByStatement.get(hexOf(id));
      return kem === undefined ? [] : [{ kem, from: keeperOf(verifier, author), to: nameOf(statement.deviceKem) }];
    }),
  );
  for (let grew = true; grew; ) {
    const due = passedOn.filter(
      ({ kem, from, to }) => holders.get(kem)?.has(from) === true && !holders.get(kem)?.has(to),
    );
    for (const { kem, to } of due) hold(kem, to);
    grew = due.length > 0;
  }
  return holders;
}

function receiversOf(
  verifier: Verifier,
  { userKeys }: KeyGifts,
  { members }: KeyMembership,
  holders: Holders,
): (permit: Authored<PermitStatement>) => readonly Keeper[] {
  const keeperById = new Map(members.map((member) => [hexOf(member.id), keeperOf(verifier, member)]));
  const userKemById = new Map([
    ...members.map((member) => [hexOf(member.user), identityKeyText(verifier, member.userKem)] as const),
    ...userKeys.map(({ placed, statement }) => [hexOf(placed.id), identityKeyText(verifier, statement.kem)] as const),
  ]);
  return ({ placed, statement }) => {
    const idOf = (reference: Reference): string =>
      reference.type === "part" ? statementIdText(verifier, placed.entry, reference.index) : hexOf(reference.id);
    const to: Keeper[] = [];
    for (const recipient of statement.to) {
      if (recipient.type !== "device") to.push(...(holders.get(userKemById.get(idOf(recipient)) ?? "") ?? []));
      else {
        const keeper = keeperById.get(idOf(recipient.of));
        if (keeper !== undefined) to.push(keeper);
      }
    }
    return to;
  };
}
