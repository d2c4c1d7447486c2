// The slot keys of a user, whatever a lost device of theirs has said about the user's keys.
import { nativeCrypto } from "@selkie/crypto/native";
import { parseStatementId, type StatementId, toHex } from "@selkie/entry";
import { expect, test } from "vitest";
import { slotLines } from "../../src/connection/slot-lines.ts";
import type { Member } from "../../src/directory/admission.ts";
import type { UserKey } from "../../src/directory/key-recipients.ts";
import type { PersonKeys } from "../../src/tenant/person-keys.ts";
import { pattern } from "../fixture.ts";

const slot = await nativeCrypto.importSigningKey(pattern("slot", 32));
const member = { slotSalt: pattern("salt", 16) } as Member;
const idOf = (name: string): StatementId => parseStatementId(pattern(`statement ${name}`, 32));
const userKey = (name: string, ...over: readonly string[]): UserKey => ({
  kem: pattern(`kem ${name}`, 1_216),
  slot: pattern(`slot ${name}`, 32),
  by: idOf(name),
  over: over.map(idOf),
});

/** How long the lines are that a device makes of these keys when it holds those; the grant's is "0". */
async function lengths(keys: readonly UserKey[], holds: (key: UserKey) => boolean = () => true) {
  const replaced = new Set(keys.flatMap(({ over }) => over.map(toHex)));
  const view = {
    everyUserKey: () => keys,
    userKeys: () => keys.filter(({ by }) => !replaced.has(toHex(by))),
  };
  const userKeys = keys
    .filter(holds)
    .map(({ kem }, at) => ({ kem: { publicKey: kem }, seed: pattern(`seed ${at}`, 32) }));
  const person = { slot, userKeys } as unknown as PersonKeys;
  return (await slotLines(nativeCrypto, view, { person, member })).map((line) => line.length);
}

test("follow each key that two devices made at the same time, and the one that replaces both", async () => {
  expect(await lengths([userKey("0")])).toEqual([1]);
  expect(await lengths([userKey("0"), userKey("1", "0"), userKey("2", "0")])).toEqual([2, 2]);
  expect(await lengths([userKey("0"), userKey("1", "0"), userKey("2", "0"), userKey("3", "1", "2")])).toEqual([3, 3]);
});

test("A3 keys that this device does not hold keep none of its own away", async () => {
  const theirs = Array.from({ length: 8 }, (_, at) => userKey(`lost ${at}`, "0"));
  const own = userKey("own", "0");
  const keys = [userKey("0"), ...theirs, own];
  expect(await lengths(keys, (key) => !theirs.includes(key))).toEqual([2]);
});

test("D12 keys that replace each other in ever more ways cost what their number does", async () => {
  const layers = Array.from({ length: 60 }, (_, at) =>
    ["a", "b"].map((side) => userKey(`${at}${side}`, ...(at === 0 ? ["0"] : [`${at - 1}a`, `${at - 1}b`]))),
  );
  expect(await lengths([userKey("0"), ...layers.flat()])).toEqual([61, 61, 61, 61]);
});

test("D12 a line that no relay would take is not made", async () => {
  const chain = Array.from({ length: 65 }, (_, at) => userKey(`${at + 1}`, `${at}`));
  expect(await lengths([userKey("0"), ...chain])).toEqual([]);
  expect(await lengths([userKey("0"), ...chain.slice(0, 64)])).toEqual([65]);
});
