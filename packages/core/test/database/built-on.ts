// People in a lab, one of whom wrote on top of what a cut ends.
import { compareBytes, toHex, type VerifiedRun } from "@selkie/entry";
import { expect } from "vitest";
import { isMember, type PlacedStatement } from "../../src/directory/admission.ts";
import type { DatabaseCuts } from "../../src/directory/cuts.ts";
import type { DocId } from "../../src/document/doc-id.ts";
import { testDatabase } from "../fixture.ts";
import { type Device, Lab } from "./lab.ts";

export type Cut = DatabaseCuts["cuts"][number];

interface Note {
  text: string;
}

export const insert = async (device: Device, id: DocId, at: number, text: string): Promise<unknown> =>
  device.database.changeDoc(await device.database.getDocument(id), (draft) => draft.text(["text"]).splice(at, 0, text));

export const textOn = async ({ database }: Device, id: DocId): Promise<string | undefined> =>
  ((await database.findDocument(id))?.getData() as Note | undefined)?.text;

export const reasonsOf = (device: Device): readonly string[] =>
  device.quarantined().map((item) => item.split(" ")[1] ?? "");

/** After what the directory brought about. */
export async function settle(device: Device): Promise<void> {
  await device.assembled.replica.flush();
  await device.assembled.flush();
}

/** All that one device wrote. */
export async function writtenBy(device: Device, others: readonly VerifiedRun[]): Promise<readonly VerifiedRun[]> {
  const names = new Set(others.map(({ writer }) => toHex(writer)));
  return (await device.runs()).filter(({ writer }) => !names.has(toHex(writer)));
}

/**
 * Bob's note, Mallory's words behind it, Alice's behind those; Mallory is cut off before her words, and a readmit lets them count again.
 * Nobody has heard of either.
 */
export async function begin(seed: string, ...names: readonly string[]) {
  const lab = await Lab.begin(seed);
  const [bob, mallory, alice] = [await lab.device("bob"), await lab.device("mallory"), await lab.device("alice")];
  const others: Device[] = [];
  for (const name of names) others.push(await lab.device(name));
  const setup = [...lab.world.placed];
  for (const device of [bob, mallory, alice, ...others]) await device.hear(...setup);
  const { id } = await bob.database.createDocument({ text: "note" });
  const ofBob = await bob.runs();
  await mallory.receive(...ofBob);
  await insert(mallory, id, 4, " bad");
  const ofMallory = await writtenBy(mallory, ofBob);
  await alice.receive(...ofBob, ...ofMallory);
  await insert(alice, id, 8, " good");
  const tip = ofMallory.flatMap(({ entries }) => entries).at(-1);
  if (tip?.signature == null) return expect.fail("Mallory wrote");
  const { signature, header } = tip;
  const { root } = lab.world;
  const cut = revoked(lab, "mallory");
  const cuts = [{ writer: header.writer, seq: header.seq, id: tip.id, signature }];
  const readmit = lab.world.say(root, { type: "readmit", lifts: [cut.id], cuts: [{ database: testDatabase, cuts }] });
  return { lab, id, alice, bob, mallory, others, ofBob, ofMallory, cut, readmit };
}

/** A statement that somebody is out, and that nothing counts of what they wrote but this. */
export function revoked({ world }: Lab, name: string, kept: readonly Cut[] = []): PlacedStatement {
  const target = world
    .view()
    .devices()
    .filter(isMember)
    .find((member) => member.name.includes(name));
  if (target === undefined) return expect.fail(name);
  const cuts = kept.length === 0 ? [] : [{ database: testDatabase, cuts: kept }];
  return world.say(world.root, { type: "revoke", targets: [target.id], identityKeys: [], cuts, wipe: null });
}

/** A statement of somebody's rights that keeps what they wrote up to here, in each of their chains. */
export function changed(
  { world, keys }: Lab,
  name: string,
  role: "reader" | "editor",
  ...tips: readonly Cut[]
): PlacedStatement {
  const member = world
    .view()
    .devices()
    .filter(isMember)
    .find((one) => one.name.includes(name));
  if (member === undefined) return expect.fail(name);
  return world.say(world.root, {
    ...{ type: "change", targets: [member.id], identityKeys: [], wipe: null, name: member.name, role },
    keys: role === "reader" ? [] : keys.map(({ keyId }) => keyId).sort(compareBytes),
    devices: [member.id],
    cuts: tips.length === 0 ? [] : [{ database: testDatabase, cuts: tips }],
  });
}

/** Up to where a chain counts that ends where these runs end. */
export function tipOf(runs: readonly VerifiedRun[]): Cut {
  const tip = runs.at(-1)?.entries.at(-1);
  if (tip?.signature == null) return expect.fail("somebody wrote");
  const { id, signature, header } = tip;
  return { writer: header.writer, seq: header.seq, id, signature };
}

export const hear = async (device: Device, statement: PlacedStatement): Promise<void> => {
  await device.hear(statement);
  await settle(device);
};

/** The same device after its disk was lost, which hears of this first. */
export async function withoutDisk(device: Device, ...statements: readonly PlacedStatement[]): Promise<Device> {
  const again = device.restored();
  again.known = [...(device.known ?? []), ...statements];
  await again.open();
  return again;
}
