// By which names permits call those whom they reach.
import { type StatementId, toHex, type Verifier } from "@selkie/entry";
import type { PlacedStatement } from "./admission.ts";
import { type PermitStatement, type Reference, statementIdText } from "./statement.ts";

/** Of a device, which has the id of a person too where it is that person's first. */
export const deviceName = (id: string): string => `device ${id}`;

const namesByPermit = new WeakMap<StatementId, ReadonlySet<string>>();

/** Whom a permit names: remembered as long as the permit is. A person goes by the id of a statement that gives it a user key. */
export function recipientNames(
  verifier: Verifier,
  placed: Pick<PlacedStatement, "id" | "entry">,
  { to }: PermitStatement,
): ReadonlySet<string> {
  const known = namesByPermit.get(placed.id);
  if (known !== undefined) return known;
  const idOf = (reference: Reference): string =>
    reference.type === "part" ? statementIdText(verifier, placed.entry, reference.index) : toHex(reference.id);
  const names = new Set(
    to.map((recipient) => (recipient.type === "device" ? deviceName(idOf(recipient.of)) : idOf(recipient))),
  );
  namesByPermit.set(placed.id, names);
  return names;
}
