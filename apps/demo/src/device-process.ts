import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Answer, Deeds, Question } from "./deeds.ts";

/** A person's device, in a process of its own. */
export interface DeviceProcess extends AsyncDisposable {
  readonly pid: number;
  /** Asks the device to do something. @throws RangeError when it does not, see refusalOf */
  ask<Deed extends keyof Deeds>(
    deed: Deed,
    ...args: Parameters<Deeds[Deed]>
  ): Promise<Awaited<ReturnType<Deeds[Deed]>>>;
  /** Ends it in the middle of whatever it does, as a power cut would. */
  kill(): Promise<void>;
}

/** How a device starts. */
export interface DeviceOptions {
  /** Where its disk is. */
  readonly disk: string;
  readonly password: string;
  /** By how many milliseconds somebody set its clock back. */
  readonly clockBehind?: number;
}

/** What a device does not do; the cause is the code of docs/errors.md with which it refuses. */
const refused = ({ code, message }: { code: string; message: string }): RangeError =>
  new RangeError(`${code}: ${message}`, { cause: code });

const ENDED = { code: "DEVICE_ENDED", message: "the device's process has ended" };
const DEVICE = fileURLToPath(new URL("./device-main.js", import.meta.url));

/** Starts a device; resolves once its disk is open. */
export async function startDevice({ disk, password, clockBehind = 0 }: DeviceOptions): Promise<DeviceProcess> {
  const child = fork(DEVICE, {
    serialization: "advanced",
    env: {
      PATH: process.env["PATH"],
      SELKIE_DEMO_DISK: disk,
      SELKIE_DEMO_PASSWORD: password,
      SELKIE_DEMO_CLOCK_BEHIND: String(clockBehind),
    },
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  const expectAnswer = (): { id: number; answer: Promise<unknown> } => {
    const id = asked++;
    const waiter = Promise.withResolvers<unknown>();
    waiting.set(id, waiter);
    return { id, answer: waiter.promise };
  };
  child.on("message", ({ id, result, refusal }: Answer) => {
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (refusal === null) waiter?.resolve(result);
    else waiter?.reject(refused(refusal));
  });
  child.once("exit", () => {
    for (const waiter of waiting.values()) waiter.reject(refused(ENDED));
  });
  await expectAnswer().answer; // that it is ready
  return {
    pid: child.pid ?? 0,
    ask: async <Deed extends keyof Deeds>(
      deed: Deed,
      ...args: Parameters<Deeds[Deed]>
    ): Promise<Awaited<ReturnType<Deeds[Deed]>>> => {
      if (!child.connected) throw refused(ENDED);
      const { id, answer } = expectAnswer();
      child.send({ id, deed, args } satisfies Question);
      return (await answer) as Awaited<ReturnType<Deeds[Deed]>>;
    },
    kill: async () => {
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
    [Symbol.asyncDispose]: () => stop(child),
  };
}

/** The code with which a device refuses, or null when it does what it was asked. */
export async function refusalOf(asked: Promise<unknown>): Promise<string | null> {
  try {
    await asked;
    return null;
  } catch (error) {
    if (error instanceof RangeError && typeof error.cause === "string") return error.cause;
    throw error;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.disconnect();
  await exited;
}
