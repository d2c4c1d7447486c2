// What admins say of the tenant and its databases, and of people's names: the newest that is known, and of several at once the lowest id.
import { compareBytes, type DatabaseId, equalBytes, type StatementId } from "@selkie/entry";
import { hexOf } from "../hex.ts";
import type { Member } from "./admission.ts";
import type { Authored } from "./entitlement.ts";
import type { People } from "./people.ts";
import type {
  DatabaseSettingsStatement,
  RenameStatement,
  SettingsStatement,
  SettingValue,
  Statement,
} from "./statement.ts";

/** What is set. */
export interface CurrentSettings {
  readonly values: ReadonlyMap<string, SettingValue>;
  /** The statements that the next one replaces, ascending. */
  readonly open: readonly StatementId[];
}

/** The settings over which no other was set; among concurrent ones the lowest id, by setting. */
export function currentSettings(
  statements: readonly Authored<SettingsStatement | DatabaseSettingsStatement>[],
): CurrentSettings {
  const open = newest(statements);
  const values = new Map(open.toReversed().flatMap(({ statement }) => [...statement.values]));
  return { values, open: open.map(({ placed }) => placed.id) };
}

/** Of one database. */
export function settingsOf(
  statements: readonly Authored<DatabaseSettingsStatement>[],
  database: DatabaseId,
): CurrentSettings {
  return currentSettings(statements.filter(({ statement }) => equalBytes(statement.database, database)));
}

/** What people are called. */
export interface Names {
  /** The name that an admin gave the member's person last, or that of its grant or change. */
  nameOf(member: Member): string;
  /** The renames that the next one of the member's person replaces, ascending. */
  openRenames(member: Member): readonly StatementId[];
}

/** The renames that count, by person. No right depends on a name. */
export function resolveNames(
  renames: readonly Authored<RenameStatement>[],
  members: readonly Member[],
  { personOf }: Pick<People, "personOf">,
): Names {
  const named = new Set(renames.map(({ statement }) => hexOf(statement.user)));
  const personByUser = new Map(
    members.filter(({ id }) => named.has(hexOf(id))).map((member) => [hexOf(member.id), hexOf(personOf(member))]),
  );
  const byPerson = Map.groupBy(renames, ({ statement }) => personByUser.get(hexOf(statement.user)) ?? "");
  const openOf = (member: Member): readonly Authored<RenameStatement>[] =>
    byPerson.size === 0 ? [] : newest(byPerson.get(hexOf(personOf(member))) ?? []);
  return {
    nameOf: (member) => openOf(member)[0]?.statement.name ?? member.name,
    openRenames: (member) => openOf(member).map(({ placed }) => placed.id),
  };
}

/** Those that no other replaces, ascending by id. */
function newest<Over extends Statement & { readonly over: readonly StatementId[] }>(
  statements: readonly Authored<Over>[],
): readonly Authored<Over>[] {
  const replaced = new Set(statements.flatMap(({ statement }) => statement.over.map(hexOf)));
  return statements
    .filter(({ placed }) => !replaced.has(hexOf(placed.id)))
    .sort((a, b) => compareBytes(a.placed.id, b.placed.id));
}
