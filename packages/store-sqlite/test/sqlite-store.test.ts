import { nativeVerifier } from "@selkie/entry/native";
import { storeContract } from "@selkie/store/contract";
import { sqlitePlace } from "./sqlite-place.ts";

storeContract({
  name: "SQLite",
  capabilities: { reopens: true, continues: true },
  create: () => sqlitePlace(nativeVerifier),
  verifier: nativeVerifier,
});
