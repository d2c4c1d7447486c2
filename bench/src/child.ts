import { questions } from "./questions.ts";

const question = questions.get(process.argv[2] ?? "");
if (question === undefined || process.send === undefined)
  throw new RangeError("started by run-question.ts with a question's name");
const send = process.send.bind(process);
const answer = await question.run((text) => send({ type: "progress", text }));
send({ type: "answer", answer }, () => process.exit(0));
