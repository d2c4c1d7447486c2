// The titles of all tests, read from their sources, so that pages can name them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { listFiles } from "./workspace.ts";

/** One test; `file` is relative to the root. */
export interface TestTitle {
  readonly file: string;
  readonly title: string;
}

/** Every test in `test` folders and in the published contract suites, in the order of the files. */
export function readTestTitles(root: string): readonly TestTitle[] {
  return listFiles(root)
    .filter((file) => /(^|\/)(test|contract)\/.*\.ts$|\/contract\.ts$/.test(file))
    .flatMap((file) => titlesIn(readFileSync(join(root, file), "utf8")).map((title) => ({ file, title })));
}

function titlesIn(text: string): readonly string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /^(test|it)\b/.test(node.expression.getText())) {
      const title = node.arguments[0];
      if (title !== undefined && (ts.isStringLiteral(title) || ts.isNoSubstitutionTemplateLiteral(title)))
        titles.push(title.text);
      else if (title !== undefined && ts.isTemplateExpression(title)) titles.push(title.getText().slice(1, -1));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("test.ts", text, ts.ScriptTarget.Latest, true));
  return titles;
}
