import { expect, test } from "vitest";
import { act } from "../../../core/test/automerge/hand-made-change.ts";
import { changeBy, expectRefused } from "../support/hostile-change.ts";
import { Scene } from "../support/scene.ts";

test("D6 a map under the key __proto__ is refused by everybody and gives no document a property", async () => {
  const scene = await Scene.begin("D6");
  await expectRefused(
    scene,
    (chain) =>
      changeBy(chain, 2, {
        ops: [
          { key: { text: "__proto__" }, action: act.makeMap },
          { obj: [1, 0], key: { text: "isAdmin" }, value: true },
        ],
      }),
    "CHANGE_FORBIDDEN_KEY",
  );
  for (const { database } of scene.everybody) {
    for (const id of await database.getAllDocumentIds()) {
      expect((await database.getDocument(id)).getData()["isAdmin"]).toBeUndefined();
    }
  }
});
