import { dirname } from 'node:path';
import ts from 'typescript';
import { fromRoot } from './page-program.ts';
import { repoText } from './repo-files.ts';

/** TypeScript of the blocks of a Markdown page, in order. */
export const blocksOf = (page: string): string[] =>
  [...repoText(page).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block]) => block!);

/** What the compiler says of the programs, each a module of its own: `name: message`. One compiler for all. */
export function typeProblems(programs: ReadonlyMap<string, string>): string[] {
  const folder = fromRoot('.cache/docs-types');
  const texts = new Map([...programs].map(([name, text]) => [`${folder}/${name}`, `${text}\nexport {};\n`]));
  const base = fromRoot('tsconfig.base.json');
  const { config } = ts.readConfigFile(base, (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, dirname(base));
  const own: ts.CompilerOptions = {
    ...{ composite: false, declaration: false, declarationMap: false, incremental: false },
    // A reader writes `import { Input }` as he likes, and reads more names than he uses.
    ...{ noEmit: true, verbatimModuleSyntax: false, isolatedModules: false, emitDecoratorMetadata: false },
    ...{ rewriteRelativeImportExtensions: false, allowImportingTsExtensions: true, checkJs: false },
  };
  const host = ts.createCompilerHost({ ...options, ...own });
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists.call(host, path);
  host.readFile = (path) => texts.get(path) ?? readFile.call(host, path);
  host.getSourceFile = (path, ...more) => {
    const text = texts.get(path);
    return text === undefined
      ? getSourceFile.call(host, path, ...more)
      : ts.createSourceFile(
          path,
          text,
          { languageVersion: ts.ScriptTarget.ES2023, impliedNodeFormat: ts.ModuleKind.ESNext },
          true,
        );
  };
  const program = ts.createProgram({ rootNames: [...texts.keys()], options: { ...options, ...own }, host });
  return [...texts.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText, start = 0 }) => {
        const line = file.text.split('\n')[file.getLineAndCharacterOfPosition(start).line]!.trim();
        return `${path.slice(folder.length + 1)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}: ${line}`;
      },
    );
  });
}
