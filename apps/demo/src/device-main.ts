// The process of one person's device: it answers the narrator, and ends when the narrator is gone.
import { createClient } from "@selkie/client";
import type { Answer, Deeds, Question } from "./deeds.ts";
import { codeOf, deviceOf } from "./device.ts";

const {
  SELKIE_DEMO_DISK: store = "",
  SELKIE_DEMO_PASSWORD: password = "",
  SELKIE_DEMO_CLOCK_BEHIND: behind = "0",
} = process.env;
const now = Date.now;
// As if somebody had set the clock of this computer back.
Date.now = () => now() - Number(behind);

await using client = await createClient({ store, password });
const deeds = deviceOf(client);
const gone = new Promise<void>((resolve) => process.once("disconnect", resolve));
process.on("message", (question: Question) => {
  void answer(deeds, question).then((given) => process.connected && process.send?.(given));
});
process.send?.({ id: 0, result: null, refusal: null } satisfies Answer); // ready
await gone;

async function answer(all: Deeds, { id, deed, args }: Question): Promise<Answer> {
  const run = all[deed] as (...given: readonly unknown[]) => Promise<unknown>;
  try {
    return { id, result: await run(...args), refusal: null };
  } catch (error) {
    return { id, result: null, refusal: { code: codeOf(error), message: String(error) } };
  }
}
