// The bare state machine, driven by hand.
import { ALL_RIGHTS, DEFAULT_LIMITS, type Rights } from "../../src/index.ts";
import type { Effect } from "../../src/machine/effect.ts";
import type { Input } from "../../src/machine/input.ts";
import { step } from "../../src/machine/session-machine.ts";
import { initialState, type MachineOptions, type State } from "../../src/machine/state.ts";
import type { Message, Role } from "../../src/message/message.ts";
import { bytesOf, tenant } from "./writer.ts";

export function machineOptions(role: Role, change: Partial<MachineOptions> = {}): MachineOptions {
  return {
    role,
    origin: role === "dialler" ? "pipe:test" : ["pipe:test"],
    guarded: false,
    nonce: bytesOf(`nonce ${role}`),
    generation: bytesOf("generation", 8),
    limits: DEFAULT_LIMITS,
    lead: null,
    ...change,
  };
}

/** A machine and every effect it has asked for. */
export class Machine {
  state: State;
  readonly effects: Effect[] = [];

  constructor(options: MachineOptions) {
    this.state = initialState(options);
  }

  feed(...inputs: readonly Input[]): readonly Effect[] {
    const made: Effect[] = [];
    for (const input of inputs) {
      const next = step(this.state, input);
      this.state = next.state;
      made.push(...next.effects);
    }
    this.effects.push(...made);
    return made;
  }

  hear(...messages: readonly Message[]): readonly Effect[] {
    return this.feed(...messages.map((message): Input => ({ type: "message", message, bytes: 100 })));
  }

  /** Takes what it wants to send until it has nothing. */
  drain(): readonly Message[] {
    const sent: Message[] = [];
    for (const effect of this.effects) if (effect.type === "send") sent.push(effect.message);
    for (let i = 0; i < 100; i++) {
      for (const effect of this.feed({ type: "writable" })) if (effect.type === "send") sent.push(effect.message);
    }
    return sent;
  }
}

/** A machine past its handshake, with a peer that proves nothing. */
export function openMachine(role: Role, rights: Rights = ALL_RIGHTS, change: Partial<MachineOptions> = {}): Machine {
  const machine = new Machine(machineOptions(role, change));
  const other = role === "dialler" ? "listener" : "dialler";
  const claim = {
    type: "claim",
    kind: "none",
    tenant,
    key: null,
    origin: "pipe:test",
    documents: [],
    signature: null,
  } as const;
  machine.feed({ type: "start" }, { type: "writable" });
  machine.hear({ type: "hello", role: other, nonce: bytesOf(`nonce ${other}`), windowBytes: 4_194_304, databases: 64 });
  if (role === "dialler") machine.feed({ type: "claimed", claim }, { type: "writable" });
  machine.hear(claim);
  if (role === "listener") machine.feed({ type: "claimed", claim }, { type: "writable" });
  machine.hear({ type: "admitted", rights, generation: bytesOf("peer generation", 8) });
  machine.feed({ type: "writable" });
  machine.feed({ type: "writable" });
  if (machine.state.phase !== "open") throw new TypeError(`the machine is ${machine.state.phase}`);
  return machine;
}
