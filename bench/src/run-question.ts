import { fork } from "node:child_process";
import { machine } from "./machine.ts";
import type { Answer } from "./question.ts";

/** An answer with when and where it was found. */
export interface Run {
  readonly question: string;
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly answer: Answer;
}

type Message =
  | { readonly type: "progress"; readonly text: string }
  | { readonly type: "answer"; readonly answer: Answer };

/** Asks one question in a process of its own, so that no question warms up or fills the memory of another. */
export async function runQuestion(name: string, progress: (text: string) => void): Promise<Run> {
  const answer = await new Promise<Answer>((resolve, reject) => {
    const child = fork(new URL("./child.js", import.meta.url), [name], { execArgv: ["--expose-gc"] });
    child.on("message", (message: Message) => {
      if (message.type === "progress") progress(message.text);
      else resolve(message.answer);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new RangeError(`the question ended with exit code ${code}`)));
  });
  return { question: name, date: new Date().toISOString(), machine: machine(), answer };
}
