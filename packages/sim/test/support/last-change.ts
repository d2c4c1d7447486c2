import type { StatementId } from "@selkie/entry";
import { statementId } from "../../../core/src/directory/statement.ts";
import { decodeStatement } from "../../../core/src/directory/statement-codec.ts";
import type { SimDevice } from "../../src/sim-device.ts";
import { HeldKeys } from "./held-keys.ts";
import { HostileMember } from "./hostile-member.ts";
import type { Scene } from "./scene.ts";

/** The last change of somebody's rights, as a device reads the directory: it is the new admission. */
export async function lastChange(scene: Scene, device: SimDevice): Promise<StatementId> {
  const { crypto } = await HostileMember.of(device);
  const statements = await (await HeldKeys.of(scene, device)).open(scene.directory, "statement");
  const found = statements.flatMap(({ entry, index, plaintext }) =>
    decodeStatement(plaintext).type === "change" ? [statementId(crypto, entry.id, index)] : [],
  );
  const last = found.at(-1);
  if (last === undefined) throw new RangeError("no rights were changed");
  return last;
}
