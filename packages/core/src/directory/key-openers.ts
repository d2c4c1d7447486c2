// Who can open which version of a key, as far as the directory tells, and which versions no ended device can open.
import { type StatementId, toHex, type Verifier } from "@selkie/entry";
import { type Admission, isMember, type Member } from "./admission.ts";
import type { Authored } from "./entitlement.ts";
import type { KeyCatalog } from "./key-catalog.ts";
import {
  type PermitStatement,
  type Recipient,
  type Reference,
  statementId,
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
}

/** A device as a keeper of secrets: its KEM key in hex, or the root. Admissions of one KEM key are one keeper. */
export type Keeper = string;

export function keeperOf(admission: Admission): Keeper {
  return isMember(admission) ? toHex(admission.deviceKem) : "root";
}

/** Who can open what. */
export interface KeyOpeners {
  /** Whether a device can open a version: given its content secret by whoever could, or led to it by links. */
  canOpen(keeper: Keeper, version: Uint8Array): boolean;
  /**
   * Who holds a user's KEM key: that of a grant, every device of the user ever seen, for who adds a device gives it this one; that of a
   * user-key statement, its author and the devices it was wrapped for, for it is passed on in no other way.
   */
  holdersOf(userKem: Uint8Array): ReadonlySet<Keeper>;
}

/** How much of a version somebody can open: its content secret, or the history secret too. */
type Depth = "content" | "full";
type Knowledge = Map<Keeper, Map<string, Depth>>;

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
  const holders = findHolders(gifts.userKeys, membership);
  const receivers = receiversOf(verifier, gifts, membership, holders);
  const knowledge: Knowledge = new Map();
  let grew = true;
  const give = (keeper: Keeper, version: string, depth: Depth): void => {
    const known = knowledge.get(keeper) ?? new Map<string, Depth>();
    knowledge.set(keeper, known);
    if (known.get(version) === "full" || known.get(version) === depth) return;
    known.set(version, depth);
    grew = true;
  };
  const depthOf = (keeper: Keeper, version: string): Depth | undefined => knowledge.get(keeper)?.get(version);
  const permits = gifts.permits.map((permit) => ({
    author: keeperOf(permit.author),
    history: permit.statement.history,
    versions: permit.statement.versions.map(({ version }) => toHex(version)),
    to: receivers(permit),
  }));
  const links = catalog.links.map(({ author, from, version }) => ({
    author: keeperOf(author),
    from: toHex(from),
    version: toHex(version),
  }));
  for (const { author, commitment } of catalog.versions) give(keeperOf(author), toHex(commitment), "full");
  while (grew) {
    grew = false;
    for (const { author, history, versions, to } of permits) {
      for (const version of versions) {
        const depth = depthOf(author, version);
        if (depth === undefined) continue;
        for (const keeper of to) give(keeper, version, history === "full" ? depth : "content");
      }
    }
    for (const { author, from, version } of links) {
      if (depthOf(author, from) !== "full" || depthOf(author, version) !== "full") continue;
      for (const [keeper, known] of knowledge) if (known.get(from) === "full") give(keeper, version, "full");
    }
  }
  return {
    canOpen: (keeper, version) => depthOf(keeper, toHex(version)) !== undefined,
    holdersOf: (userKem) => holders.get(toHex(userKem)) ?? new Set(),
  };
}

/** By KEM key in hex. */
type Holders = ReadonlyMap<string, ReadonlySet<Keeper>>;

function findHolders(userKeys: readonly Authored<UserKeyStatement>[], membership: KeyMembership): Holders {
  const holders = new Map<string, Set<Keeper>>();
  const hold = (kem: string, keeper: Keeper): void => {
    const of = holders.get(kem) ?? new Set<Keeper>();
    holders.set(kem, of.add(keeper));
  };
  // SECURITY: a device that a user-key statement leaves out can add devices to no avail (key-recipients.test.ts).
  for (const member of membership.members) hold(toHex(member.userKem), keeperOf(member));
  const byId = new Map(membership.members.map((member) => [toHex(member.id), member]));
  for (const { statement, author } of userKeys) {
    const kem = toHex(statement.kem);
    hold(kem, keeperOf(author));
    for (const id of statement.to) {
      const device = byId.get(toHex(id));
      if (device !== undefined) hold(kem, keeperOf(device));
    }
  }
  return holders;
}

function receiversOf(
  verifier: Verifier,
  { userKeys }: KeyGifts,
  { members }: KeyMembership,
  holders: Holders,
): (permit: Authored<PermitStatement>) => ReadonlySet<Keeper> {
  const keeperById = new Map(members.map((member) => [toHex(member.id), keeperOf(member)]));
  const userKemById = new Map([
    ...members.map((member) => [toHex(member.user), toHex(member.userKem)] as const),
    ...userKeys.map(({ placed, statement }) => [toHex(placed.id), toHex(statement.kem)] as const),
  ]);
  return ({ placed, statement }) => {
    const idOf = (reference: Reference): string =>
      toHex(reference.type === "part" ? statementId(verifier, placed.entry, reference.index) : reference.id);
    const receive = (recipient: Recipient): readonly Keeper[] => {
      if (recipient.type !== "device") return [...(holders.get(userKemById.get(idOf(recipient)) ?? "") ?? [])];
      const keeper = keeperById.get(idOf(recipient.of));
      return keeper === undefined ? [] : [keeper];
    };
    return new Set(statement.to.flatMap(receive));
  };
}
