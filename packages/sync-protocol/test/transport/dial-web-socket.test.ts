import { describe, expect, test } from "vitest";
import { dialWebSocket, webSocketTransport } from "../../src/index.ts";
import { realScheduler, startServer } from "../support/sockets.ts";

const options = { scheduler: realScheduler };
const never = new AbortController().signal;

describe("dialling", () => {
  test("refuses what is not a relay's URL before it connects", () => {
    expect(() => dialWebSocket("ws://relay.example", options)).toThrow(
      expect.objectContaining({ code: "INSECURE_URL" }),
    );
    expect(() => dialWebSocket("https://relay.example", options)).toThrow(expect.objectContaining({ code: "BAD_URL" }));
  });

  test("fails with a code when nobody listens", async () => {
    const server = await startServer();
    await server.close();
    await expect(dialWebSocket(server.url, options)(never)).rejects.toMatchObject({ code: "DIAL_FAILED" });
  });

  test("gives up when it is aborted, before and while it connects", async () => {
    const server = await startServer();
    const dial = dialWebSocket(server.url, options);
    const reason = new Error("enough");
    await expect(dial(AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const dialling = dial(controller.signal);
    controller.abort(reason);
    await expect(dialling).rejects.toBe(reason);
    await server.close();
  });

  test("E5 refuses a relay that compresses", async () => {
    const server = await startServer({ perMessageDeflate: true });
    await expect(dialWebSocket(server.url, options)(never)).rejects.toMatchObject({ code: "COMPRESSED_TRANSPORT" });
    await server.close();
  });

  test("E5 carries frames at their own length to a relay that does not compress", async () => {
    const server = await startServer();
    const [accepted, dialled] = await Promise.all([server.accept(), dialWebSocket(server.url, options)(never)]);
    expect(accepted.extensions).toBe("");
    await webSocketTransport(accepted, options).close();
    await dialled.close();
    await server.close();
  });
});
