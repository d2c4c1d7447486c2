// The KEM key of each person: first as granted, then as its own devices replace it.
import { compareBytes, equalBytes, type StatementId, toHex } from "@selkie/entry";
import { isMember, type Member } from "./admission.ts";
import type { Authored } from "./entitlement.ts";
import type { UserKeyStatement } from "./statement.ts";

/** A person's key and the statement that names it. */
export interface PersonKey {
  /** The grant, or a user-key statement. */
  readonly id: StatementId;
  /** 1,216 bytes. */
  readonly kem: Uint8Array;
}

/** Answers about persons' keys. */
export interface PersonKeys {
  /** The key to wrap for: among concurrent ones the lowest id. */
  personKey(user: Member): PersonKey;
  /** Whether a device was given the key that a statement names. */
  holdsPersonKey(device: Member, id: StatementId): boolean;
}

/** Collects persons' keys out of the statements that count. Only a device of the person replaces its key. */
export function collectPersonKeys(statements: readonly Authored<UserKeyStatement>[]): PersonKeys {
  const byId = new Map(statements.map((each) => [toHex(each.placed.id), each]));
  const byPerson = Map.groupBy(
    statements.filter(({ author }) => isMember(author)),
    ({ author }) => (isMember(author) ? toHex(author.userKem) : ""),
  );
  return {
    personKey: (user) => {
      const own = byPerson.get(toHex(user.userKem)) ?? [];
      const replaced = new Set(own.flatMap(({ statement }) => statement.over.map(toHex)));
      const [current] = own
        .filter(({ placed }) => !replaced.has(toHex(placed.id)))
        .sort((a, b) => compareBytes(a.placed.id, b.placed.id));
      return current === undefined
        ? { id: user.user, kem: user.userKem }
        : { id: current.placed.id, kem: current.statement.kem };
    },
    holdsPersonKey: (device, id) => {
      const made = byId.get(toHex(id));
      // Every device of a person has the key it was granted with.
      if (made === undefined) return true;
      const { author, statement } = made;
      return equalIds(author.id, device.id) || statement.to.some((to) => equalBytes(to, device.id));
    },
  };
}

const equalIds = (a: StatementId | "root", b: StatementId): boolean => a !== "root" && equalBytes(a, b);
