import {
  adoptOwnRun,
  entryType,
  identifyEntry,
  parseSignature,
  parseWriterKey,
  verifyRuns,
  ZERO_ENTRY_ID,
} from "@selkie/entry";
import { expect, test } from "vitest";
import { loginKeyFor } from "../../../core/src/directory/identity.ts";
import { chainOfBob, changeBy } from "../support/hostile-change.ts";
import { Scene } from "../support/scene.ts";

test("A9 K-5 no 64 bytes that a device sends to log in are a signature of an entry, under any of its keys", async () => {
  const scene = await Scene.begin("A9");
  const { alice } = scene;
  await scene.run(alice.disconnect());
  const frames: Uint8Array[] = [];
  scene.world.network.tap = (lane, frame) => void (lane === "alice>relay" && frames.push(frame));
  await scene.run(alice.connectRelay(scene.world.relay));
  const login = frames.slice(0, 2);
  expect(login).toHaveLength(2);

  const chain = await chainOfBob(scene);
  const { crypto, record } = chain.member;
  const [identity] = alice.life?.host.bag.keyBag.identities() ?? [];
  if (identity === undefined) throw new RangeError("no identity");
  const keys = [
    await loginKeyFor(crypto, identity, record.tenant),
    await crypto.importSigningKey(identity.deviceSignSeed),
  ];
  const [sealed] = await chain.seal([chain.change({ counter: 0 }, changeBy(chain, 0, { ops: [{ value: 1 }] }))]);
  if (sealed === undefined) throw new RangeError("nothing was sealed");
  let tried = 0;
  for (const key of keys) {
    const writer = parseWriterKey(key.publicKey);
    const header = { ...sealed.header, writer, type: entryType.change, seq: 0, prev: ZERO_ENTRY_ID };
    const entry = identifyEntry(crypto, { header, table: sealed.table, parts: sealed.parts, signature: null });
    for (const frame of login) {
      const windows = Array.from({ length: Math.max(0, frame.length - 63) }, (_, at) => frame.slice(at, at + 64));
      const verdicts = await verifyRuns(
        crypto,
        windows.map((bytes) => adoptOwnRun([entry], parseSignature(bytes))),
      );
      expect(verdicts.filter(({ type }) => type !== "refused")).toEqual([]);
      tried += verdicts.length;
    }
  }
  expect(tried).toBeGreaterThan(100);
});
