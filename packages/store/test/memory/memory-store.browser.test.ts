import { portableVerifier } from "@selkie/entry";
import { storeContract } from "../../src/contract.ts";
import { memoryPlace } from "./memory-place.ts";

storeContract({
  name: "memory, in a browser",
  capabilities: { reopens: true, continues: true },
  create: async () => memoryPlace(portableVerifier),
});
