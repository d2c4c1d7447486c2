import { expect, test } from "vitest";
import { parseInvitation } from "../../../core/src/directory/invitation.ts";
import { found } from "../support/look-for.ts";
import { Observer } from "../support/observer.ts";
import { Scene } from "../support/scene.ts";

test("A8 a relay through which somebody joins by invitation sees neither the secret nor its hash, in any encoding", async () => {
  const scene = await Scene.begin("A8");
  const { alice, bob, world } = scene;
  const observer = new Observer(scene);
  const dora = world.device("dora");
  await dora.setUp();
  const invitation = (await scene.run(alice.tenant.directory.createInvitation())).toString();
  const request = await scene.run(dora.ask({ invitation }));
  const approval = await scene.run(alice.tenant.directory.approveJoinRequest(request, { role: "editor" }));
  expect(approval.invitedBy).toBe("invitation");
  await scene.run(dora.join(approval.toString()));
  await scene.run(dora.connectRelay(world.relay));
  const database = await scene.run(dora.openDatabase());
  await scene.run(database.createDocument({ title: "from Dora" }));
  await scene.run(Promise.all([...(dora.life?.connections ?? [])].map((line) => line.synced())));
  await world.settle();
  expect((await bob.tenant.directory.users()).map(({ name }) => name)).toContain("CN=dora/O=acme");
  expect(await scene.show(bob)).toEqual([expect.stringContaining("from Dora")]);

  const { crypto } = dora.life?.host.platform ?? {};
  if (crypto === undefined) throw new RangeError("dora is not running");
  const { secret, tenant } = parseInvitation(crypto, invitation);
  const needles = {
    secret,
    hash: crypto.sha256(secret),
    text: invitation,
    base32: invitation.slice(16 + 52, 16 + 102),
  };
  const seen = observer.bytes();
  expect(found(seen, { tenant })).toEqual(["tenant"]); // what is there is found
  expect(found(seen, needles)).toEqual([]);
});
