// docs/errors.md lists exactly the codes that the packages can throw or answer, package by package.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import type { Finding } from "./finding.ts";
import { parseMarkdown, section } from "./markdown.ts";
import { compilerOptions } from "./program.ts";
import { listFiles, type Package } from "./workspace.ts";

const page = "docs/errors.md";

export function checkErrorCodes(root: string, packages: readonly Package[]): readonly Finding[] {
  if (!existsSync(join(root, page))) return [{ file: page, problem: "is missing" }];
  const text = parseMarkdown(readFileSync(join(root, page), "utf8"));
  const inCode = readCodes(root, packages);
  return packages.flatMap(({ directory, manifest }) => {
    const { codes, untyped } = inCode.get(directory) ?? { codes: new Set(), untyped: [] };
    const rows = tableRows(section(text, manifest.name) ?? []);
    const listed = new Set(rows.map(({ code }) => code));
    return [
      ...untyped.map((name) => `${manifest.name}: the code of ${name} is not a union of string literals`),
      ...[...codes]
        .filter((code) => !listed.has(code))
        .map((code) => `${manifest.name} can answer ${code}, not listed here`),
      ...[...listed].filter((code) => !codes.has(code)).map((code) => `${manifest.name} has no code ${code}`),
      ...rows
        .filter(({ cells }) => cells.length !== 3 || cells.includes(""))
        .map(({ code }) => `${code} needs: code | when | what to do`),
    ].map((problem) => ({ file: page, problem }));
  });
}

interface Row {
  readonly code: string;
  readonly cells: readonly string[];
}

function tableRows(lines: readonly string[]): readonly Row[] {
  return lines.flatMap((line) => {
    const code = /^\|\s*`([A-Z][A-Z0-9_]*)`\s*\|/.exec(line)?.[1];
    if (code === undefined) return [];
    const cells = line
      .trim()
      .replace(/^\|/, "")
      .replace(/\|$/, "")
      .split(/(?<!\\)\|/);
    return [{ code, cells: cells.map((cell) => cell.trim()) }];
  });
}

interface Codes {
  readonly codes: Set<string>;
  /** Error classes whose code is any string. */
  readonly untyped: string[];
}

/** By directory: the codes of its error classes and of its exported unions named `...Code`. */
function readCodes(root: string, packages: readonly Package[]): ReadonlyMap<string, Codes> {
  const sources = packages.flatMap(({ directory }) =>
    listFiles(root, `${directory}/src`).filter((file) => file.endsWith(".ts")),
  );
  const program = ts.createProgram(
    sources.map((file) => join(root, file)),
    compilerOptions(root),
  );
  const checker = program.getTypeChecker();
  const codesByDirectory = new Map<string, Codes>();
  for (const file of sources) {
    const directory = file.split("/", 2).join("/");
    const found = codesByDirectory.get(directory) ?? { codes: new Set(), untyped: [] };
    codesByDirectory.set(directory, found);
    for (const statement of program.getSourceFile(join(root, file))?.statements ?? [])
      collect(checker, statement, found);
  }
  return codesByDirectory;
}

function collect(checker: ts.TypeChecker, statement: ts.Statement, into: Codes): void {
  if (ts.isTypeAliasDeclaration(statement) && statement.name.text.endsWith("Code") && isExported(statement)) {
    for (const code of literalsOf(checker.getTypeAtLocation(statement.name)) ?? []) into.codes.add(code);
  } else if (ts.isClassDeclaration(statement) && statement.name !== undefined && extendsError(checker, statement)) {
    const symbol = checker.getTypeAtLocation(statement.name).getProperty("code");
    const literals = symbol === undefined ? null : literalsOf(checker.getTypeOfSymbolAtLocation(symbol, statement));
    if (literals === null) into.untyped.push(statement.name.text);
    else for (const code of literals) into.codes.add(code);
  }
}

function isExported(statement: ts.TypeAliasDeclaration): boolean {
  return statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
}

function extendsError(checker: ts.TypeChecker, statement: ts.ClassDeclaration): boolean {
  const bases = statement.heritageClauses?.flatMap((clause) => [...clause.types]) ?? [];
  return bases.some((base) => {
    const type = checker.getTypeAtLocation(base);
    return type.getProperty("stack") !== undefined && type.getProperty("message") !== undefined;
  });
}

/** The members of a union of string literals, or null for any other type. */
function literalsOf(type: ts.Type): readonly string[] | null {
  const members = type.isUnion() ? type.types : [type];
  const literals = members.flatMap((member) => (member.isStringLiteral() ? [member.value] : []));
  return literals.length === members.length ? literals : null;
}
