import { portableCrypto } from "@selkie/crypto";
import { nativeCrypto } from "@selkie/crypto/native";
import { toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { DIRECTORY_NAME, databaseIdOf } from "../../src/directory/database-id.ts";
import { isName } from "../../src/directory/name.ts";
import { pattern } from "../fixture.ts";

const acme = pattern("secret of acme", 32);
const other = pattern("secret of another tenant", 32);
const idOf = async (secret: Uint8Array, name: string) => toHex(await databaseIdOf(nativeCrypto, secret, name));

test("E3 the same database name in two tenants gives unlinkable ids", async () => {
  const names = ["contacts", "directory", "c", DIRECTORY_NAME];
  const ids = await Promise.all(names.flatMap((name) => [idOf(acme, name), idOf(other, name)]));
  expect(new Set(ids).size).toBe(ids.length);
  // Nothing of one is in the other: no byte string of four bytes is shared by any two.
  const pieces = ids.flatMap((id) => [...new Set(Array.from({ length: 29 }, (_, at) => id.slice(2 * at, 2 * at + 8)))]);
  expect(new Set(pieces).size).toBe(pieces.length);
});

test("E4 a database id holds nothing of the name", async () => {
  expect(await idOf(acme, "contacts")).not.toContain(toHex(new TextEncoder().encode("cont")));
});

test("is one for composed and decomposed forms of a name, and for every provider", async () => {
  expect(await idOf(acme, "Zo\u00eb")).toBe(await idOf(acme, "Zoe\u0308"));
  const portable = portableCrypto({ random: (length) => new Uint8Array(length) });
  expect(toHex(await databaseIdOf(portable, acme, "contacts"))).toBe(await idOf(acme, "contacts"));
  expect(await idOf(acme, "Contacts")).not.toBe(await idOf(acme, "contacts"));
});

test("the directory's name is one that no database can have", () => {
  expect(isName(DIRECTORY_NAME)).toBe(false);
});
