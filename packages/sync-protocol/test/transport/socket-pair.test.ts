import { transportContract } from "../../src/contract.ts";
import { webSocketTransport } from "../../src/index.ts";
import { platformScheduler, socketPair } from "../support/socket-pair.ts";

transportContract({
  name: "any WebSocket with the standard interface",
  create: async () => {
    const [left, right] = socketPair();
    const options = { scheduler: platformScheduler };
    return {
      ends: [webSocketTransport(left, options), webSocketTransport(right, options)],
      remove: async () => undefined,
    };
  },
  whenNotRead: "overflows",
});
