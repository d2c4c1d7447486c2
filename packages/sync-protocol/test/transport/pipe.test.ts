import { transportContract } from "../../src/contract.ts";
import { pipe } from "../../src/index.ts";

transportContract({
  name: "pipe",
  create: async () => ({ ends: pipe(), remove: async () => undefined }),
  whenNotRead: "waits",
});
