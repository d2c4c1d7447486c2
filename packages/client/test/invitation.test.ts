import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createClient, memory } from "@selkie/client";
import { fromBase64url, toBase64url } from "@selkie/entry";
import { expect, test } from "vitest";

const user = "CN=bob/O=acme";
const asAlice = { store: memory(), password: "alice-password" };
const people = async () => ({
  alice: await createClient({ ...asAlice, store: memory() }),
  bob: await createClient({ store: memory(), password: "bob-password" }),
});

/** The text with its last byte changed: the end of its MAC. */
function altered(uri: string): string {
  const prefix = uri.slice(0, uri.lastIndexOf(":") + 1);
  const bytes = fromBase64url(uri.slice(prefix.length));
  return prefix + toBase64url(bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1));
}

/** The text without its MAC, as somebody makes it who knows no secret. */
function withoutMac(uri: string): string {
  const prefix = uri.slice(0, uri.lastIndexOf(":") + 1);
  const bytes = fromBase64url(uri.slice(prefix.length));
  return prefix + toBase64url(Uint8Array.from([...bytes.subarray(0, -34), 0xf6]));
}

test("A8 an invitation shows the admin who asks and the invited who answers, and lets one person in", async () => {
  const { alice, bob } = await people();
  await using _alice = alice;
  await using _bob = bob;
  const { directory } = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const invitation = await directory.createInvitation();
  expect(await directory.invitations()).toEqual([invitation.id]);
  const request = await bob.createJoinRequest(user, { invitation });
  const { fingerprint, words } = request;
  const seen = await directory.readJoinRequest(request.toString());
  expect(seen).toEqual({ kind: "user", user, fingerprint, words, invitedBy: "invitation" });
  const again = await bob.createJoinRequest(user, { invitation: invitation.toString() });

  const [approval, second] = await Promise.allSettled([
    directory.approveJoinRequest(request.toString(), { role: "editor" }),
    directory.approveJoinRequest(again.toString(), { role: "editor" }),
  ]);
  expect(second).toMatchObject({ status: "rejected", reason: { code: "INVITATION_UNKNOWN" } });
  if (approval.status === "rejected") throw approval.reason;
  expect(approval.value.invitedBy).toBe("invitation");
  expect(await directory.invitations()).toEqual([]);
  expect(await directory.users()).toHaveLength(2);

  const response = approval.value.toString();
  for (const forged of [altered(response), withoutMac(response)])
    await expect(bob.joinTenant(forged)).rejects.toMatchObject({ code: "JOIN_NOT_FROM_INVITER" });
  expect(await bob.tenants()).toEqual([]);
  await (await bob.joinTenant(response))[Symbol.asyncDispose]();
});

test("A8 a request with a wrong MAC, or of an invitation that was taken back or made elsewhere, is refused", async () => {
  const { alice, bob } = await people();
  await using _alice = alice;
  await using _bob = bob;
  const { directory } = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const other = await alice.createTenant("other", { user: "CN=alice/O=acme" });
  const [kept, withdrawn] = [await directory.createInvitation(), await directory.createInvitation()];
  await directory.withdrawInvitation(withdrawn.id);
  await directory.withdrawInvitation(withdrawn.id);
  const foreign = await other.directory.createInvitation();
  const requests = [
    altered((await bob.createJoinRequest(user, { invitation: kept })).toString()),
    (await bob.createJoinRequest(user, { invitation: withdrawn })).toString(),
    (await bob.createJoinRequest(user, { invitation: foreign })).toString(),
  ];
  for (const request of requests) {
    expect((await directory.readJoinRequest(request)).invitedBy).toBe("unknown");
    await expect(directory.approveJoinRequest(request, { role: "editor" })).rejects.toMatchObject({
      code: "INVITATION_UNKNOWN",
    });
  }
  expect(await directory.users()).toHaveLength(1);
  expect(await directory.invitations()).toEqual([kept.id]);
  await expect(bob.createJoinRequest(user, { invitation: `${kept}`.slice(1) })).rejects.toMatchObject({
    code: "JOIN_MALFORMED",
  });
});

test("without an invitation the fingerprint is what is compared, and any answer is taken", async () => {
  const { alice, bob } = await people();
  await using _alice = alice;
  await using _bob = bob;
  const { directory } = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const request = await bob.createJoinRequest(user);
  expect(await directory.readJoinRequest(request)).toMatchObject({ invitedBy: "nobody", words: request.words });
  const approval = await directory.approveJoinRequest(request, { role: "editor" });
  expect(approval.invitedBy).toBe("nobody");
  await (await bob.joinTenant(approval))[Symbol.asyncDispose]();
});

test("request and answer travel as QR codes, scanned in any order, and as files", async () => {
  const { alice, bob } = await people();
  await using _alice = alice;
  await using _bob = bob;
  const { directory } = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
  const request = await bob.createJoinRequest(user);
  const scanned = request.toQrTexts();
  expect(await directory.readJoinRequest(`\ufeff${request}\n`)).toMatchObject({ user, words: request.words });
  const some = directory.approveJoinRequest(scanned.slice(1), { role: "editor" });
  await expect(some).rejects.toMatchObject({ code: "JOIN_MALFORMED", message: /missing: 1$/ });
  const approval = await directory.approveJoinRequest(scanned.toReversed().join("\n"), { role: "editor" });
  expect(await directory.users()).toHaveLength(2);
  const joined = await bob.joinTenant(`\ufeff${approval.toQrTexts().join("\r\n")}\r\n`);
  expect(joined.name).toBe("acme-corp");
  await joined[Symbol.asyncDispose]();
});

test("A8 invitations, and that a request was made with one, survive a restart on both sides", async () => {
  const store = await mkdtemp(`${tmpdir()}/selkie-invitation-`);
  const [forAlice, forBob] = [`${store}/alice`, `${store}/bob`];
  const openAlice = () => createClient({ store: forAlice, password: "alice-password" });
  const openBob = () => createClient({ store: forBob, password: "bob-password" });
  let [invitation, request, response] = ["", "", ""];
  {
    await using alice = await openAlice();
    const acme = await alice.createTenant("acme-corp", { user: "CN=alice/O=acme" });
    invitation = `${await acme.directory.createInvitation()}`;
  }
  {
    await using bob = await openBob();
    request = `${await bob.createJoinRequest(user, { invitation })}`;
  }
  {
    await using alice = await openAlice();
    const { directory } = await alice.openTenant("acme-corp");
    response = `${await directory.approveJoinRequest(request, { role: "editor" })}`;
  }
  {
    await using alice = await openAlice();
    const { directory } = await alice.openTenant("acme-corp");
    await expect(directory.approveJoinRequest(request, { role: "editor" })).rejects.toMatchObject({
      code: "INVITATION_UNKNOWN",
    });
    await using bob = await openBob();
    await expect(bob.joinTenant(withoutMac(response))).rejects.toMatchObject({ code: "JOIN_NOT_FROM_INVITER" });
    expect((await bob.joinTenant(response)).name).toBe("acme-corp");
  }
  await rm(store, { recursive: true });
});
