import { isMember, type PlacedStatement } from "../../src/directory/admission.ts";
import type { Device, Lab } from "../database/lab.ts";
import { testDatabase } from "../fixture.ts";

/** A key is taken from somebody, who keeps what they have written, and is shared with them again. */
export async function unshare(
  lab: Lab,
  device: Device,
): Promise<{ unshared: PlacedStatement; share: () => PlacedStatement }> {
  const { world } = lab;
  const [common, board] = lab.keys;
  const member = world.view().devices().find(isMember);
  const tip = (await device.runs()).flatMap(({ entries }) => entries).at(-1);
  if (common === undefined || board === undefined || member === undefined) throw new RangeError("somebody was let in");
  if (tip?.signature == null) throw new RangeError("they wrote something");
  const cut = { writer: tip.header.writer, seq: tip.header.seq, id: tip.id, signature: tip.signature };
  const unshared = world.say(world.root, {
    ...{ type: "change", targets: [member.id], identityKeys: [], wipe: null, name: member.name },
    ...{ cuts: [{ database: testDatabase, cuts: [cut] }], role: "editor", keys: [common.keyId], devices: [member.id] },
  });
  const to = [unshared.id];
  return {
    unshared,
    share: () => world.say(world.root, { type: "share", keyId: board.keyId, to, history: "full" }),
  };
}
