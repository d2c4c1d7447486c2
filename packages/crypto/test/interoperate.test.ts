import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { asPlaintext, openBox, openCommittedBox, portableCrypto, sealBox, sealCommittedBox } from "../src/index.ts";
import { nativeCrypto } from "../src/native-node.ts";
import { nativeCrypto as web } from "../src/native-web.ts";

const portable = portableCrypto({ random: (n) => new Uint8Array(randomBytes(n)) });
const all = [nativeCrypto, web, portable];
test("every provider opens what every other sealed, and derives and signs the same bytes", async () => {
  const seed = new Uint8Array(32).fill(7),
    p = asPlaintext(new TextEncoder().encode("hello")),
    aad = new Uint8Array(3);
  for (const a of all)
    for (const b of all) {
      const ka = await a.importKemKey(seed),
        kb = await b.importKemKey(seed);
      expect([...ka.publicKey]).toEqual([...kb.publicKey]);
      const w = await a.wrap(kb.publicKey, aad, aad, p);
      expect(await b.unwrap(kb, w.enc, aad, aad, w.ciphertext)).toEqual(p);
      const sa = await a.importSecret(seed),
        sb = await b.importSecret(seed);
      expect(await openBox(b, sb, "derive-sealed-box", aad, await sealBox(a, sa, "derive-sealed-box", aad, p))).toEqual(
        p,
      );
      expect(
        await openCommittedBox(
          b,
          sb,
          "derive-sealed-box",
          aad,
          await sealCommittedBox(a, sa, "derive-sealed-box", aad, p),
        ),
      ).toEqual(p);
      expect(await a.derive(sa, "derive-journal", aad, 77)).toEqual(await b.derive(sb, "derive-journal", aad, 77));
      const ga = await a.importSigningKey(seed),
        gb = await b.importSigningKey(seed);
      expect(ga.publicKey).toEqual(gb.publicKey);
      expect(await a.signMany(ga, "sign-entry", [aad])).toEqual(await b.signMany(gb, "sign-entry", [aad]));
      const q = { memory: 19 * 1024, passes: 2, lanes: 1 };
      if (a !== portable && b !== portable)
        expect(await a.deriveFromPassword(seed, seed, q)).toEqual(await b.deriveFromPassword(seed, seed, q));
    }
});
