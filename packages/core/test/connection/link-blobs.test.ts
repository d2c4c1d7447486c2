// What a link does about blobs, with a relay at the other end that has no HTTP door.
import { type BlobHash, parseBlobHash } from "@selkie/entry";
import { DIRECTORY_ONLY, pipe, runSession, type Session, type Transport } from "@selkie/sync-protocol";
import { expect, test } from "vitest";
import { Offers } from "../../src/blobs/offers.ts";
import { Uploads } from "../../src/blobs/uploads.ts";
import { GrowingPause } from "../../src/connection/growing-pause.ts";
import { Link } from "../../src/connection/link.ts";
import { directoryDatabase, pattern, testTenant } from "../fixture.ts";
import { context, crypto, FULL, local, platform, relay, store } from "./link-fixture.ts";

const blobs = store.blobs(testTenant);

async function heldBlob(): Promise<BlobHash> {
  const chunks = async function* () {
    yield pattern("blob", 1_000);
  };
  return await blobs.add(chunks());
}

/** Offers one blob, to a relay that grants this. */
async function offering(grants: Parameters<typeof relay>[0]) {
  const offers = new Offers({ crypto, store, local, directory: directoryDatabase });
  await offers.add([parseBlobHash(pattern("offered", 32))]);
  const pause = new GrowingPause(platform);
  const uploads = new Uploads({ offers, blobs, platform, relay: pattern("relay", 16), pause, failed: () => undefined });
  return new Link({ ...context, uploads, relay: "wss://relay", dial: async () => relay(grants) });
}

test.each([
  ["lets this device push", [FULL]],
  ["gives it back its rights for what it presents", [DIRECTORY_ONLY, FULL]],
])("what is offered is due to a relay that %s", async (_, grants) => {
  await using link = await offering({ grants });
  await expect(link.synced()).rejects.toMatchObject({ code: "BLOBS_UNSENT" });
});

test("nothing is due to a relay that lets this device only pull", async () => {
  await using link = await offering({ grants: [{ pull: true, push: false, purge: false }] });
  await link.synced();
});

test.each([
  ["R3 a relay cannot ask", "wss://relay", false],
  ["a peer that may pull is told", null, true],
])("%s which blobs this device holds", async (_, address, isTold) => {
  const held = await heldBlob();
  const asking = Promise.withResolvers<Session>();
  const dial = async (): Promise<Transport> => {
    const [near, far] = pipe();
    asking.resolve(
      runSession(far, {
        ...{ role: "listener", origin: ["wss://relay"], verifier: crypto, credentials: null, gatekeeper: null },
        ...{ scheduler: platform.scheduler, random: (length) => crypto.randomBytes(length) },
        ...{ open: async () => store.entries(testTenant, directoryDatabase), generation: store.generation },
      }),
    );
    return near;
  };
  await using link = new Link({ ...context, relay: address, dial });
  await link.synced();
  const piece = await (await asking.promise).fetchBlob(held, [0, 10]);
  expect(piece?.bytes ?? null).toEqual(isTold ? pattern("blob", 1_000).slice(0, 10) : null);
});
