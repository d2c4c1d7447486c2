// One person, as the directory's people are told apart: by name, where that is enough, else by what no two of them share.
import type { CryptoProvider } from "@selkie/crypto";
import { type StatementId, toHex } from "@selkie/entry";
import { isMember, type Member } from "../directory/admission.ts";
import type { DirectoryView } from "../directory/directory-view.ts";
import { identityFingerprint } from "../directory/identity.ts";
import { foldName } from "../directory/name.ts";
import { CoreError } from "../errors.ts";
import { hexOf } from "../hex.ts";

/** A person with rights. */
export interface Person {
  /** Of the admissions that give rights now, one. */
  readonly member: Member;
  /** The users that the person's devices with rights are of: more than one where several admins changed its rights at once. */
  readonly users: readonly StatementId[];
  /** Every admission of the person's devices that ever was. */
  readonly everything: readonly Member[];
}

/** The id of a member's person, in hex: it stays whatever changes of the person's name and rights. */
export function personId(view: Pick<DirectoryView, "personOf">, member: Member): string {
  return hexOf(view.personOf(member));
}

/** 60 digits over the name and public keys that a person was granted with. */
export function personFingerprint(
  crypto: CryptoProvider,
  view: Pick<DirectoryView, "personOf" | "admission">,
  member: Member,
): string {
  const granted = view.admission(view.personOf(member));
  const first = granted !== undefined && isMember(granted) ? granted : member;
  return identityFingerprint(crypto, { ...first, deviceSign: first.device });
}

/**
 * The one person with rights of this name, or with this id or fingerprint.
 * SECURITY: an admin may grant rights under anybody's name: who they are given to is told apart by keys, and can be named (membership.test.ts).
 * @throws CoreError USER_UNKNOWN | USER_AMBIGUOUS
 */
export function requirePerson(crypto: CryptoProvider, view: DirectoryView, named: string): Person {
  const [member, ...others] = membersNamed(crypto, view, named);
  if (member === undefined) throw new CoreError("USER_UNKNOWN", "nobody of this name is in the tenant");
  if (others.length > 0)
    throw new CoreError("USER_AMBIGUOUS", "several people have this name: give the id or fingerprint of one");
  const person = personId(view, member);
  const isTheirs = (other: Member): boolean => personId(view, other) === person;
  const users = new Map(
    view
      .devices()
      .filter(isTheirs)
      .map(({ user }) => [toHex(user), user]),
  );
  return { member, users: [...users.values()], everything: view.allDevices().filter(isTheirs) };
}

/** Whether somebody, with rights or without, has this name, id or fingerprint. */
export function isNamed(crypto: CryptoProvider, view: DirectoryView, member: Member, named: string): boolean {
  if (foldName(view.nameOf(member)) === foldName(named) || personId(view, member) === named) return true;
  return isFingerprint(named) && digitsOf(personFingerprint(crypto, view, member)) === digitsOf(named);
}

const digitsOf = (text: string): string => text.replace(/\s/g, "");
const isId = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
const isFingerprint = (text: string): boolean => /^\d{60}$/.test(digitsOf(text));

/** Nobody is found by a name that is somebody's id or fingerprint. */
function membersNamed(crypto: CryptoProvider, view: DirectoryView, named: string): readonly Member[] {
  const byId = isId(named) ? view.users().find((user) => personId(view, user) === named) : undefined;
  if (byId !== undefined) return [byId];
  if (!isFingerprint(named)) return view.findUser(named);
  return view.users().filter((user) => digitsOf(personFingerprint(crypto, view, user)) === digitsOf(named));
}
