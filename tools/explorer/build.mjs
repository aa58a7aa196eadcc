// Bundles the query page into the Python package: src/mailconfig/http/graphiql.
//
// Three workers of Monaco first, each a file of its own, then the page, which is told their names.
// All names but the manifest's have a hash of their content in them, so that browsers may keep the
// files for ever. The manifest lists what the server may serve; it is written last, so that a
// build that fails leaves none behind.

import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = join(here, "../../src/mailconfig/http/graphiql");
const workers = {
  editor: "monaco-editor/esm/vs/editor/editor.worker.js",
  json: "monaco-editor/esm/vs/language/json/json.worker.js",
  graphql: "./src/graphql.worker.js",
};
const shared = {
  absWorkingDir: here,
  outdir: target,
  bundle: true,
  minify: true,
  metafile: true,
  legalComments: "none",
  target: "es2022",
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".graphql": "text", ".ttf": "file" },
  define: { "process.env.NODE_ENV": '"production"' },
};

const outputs = ({ metafile }) =>
  Object.entries(metafile.outputs).map(([path, { entryPoint, cssBundle }]) => ({
    name: basename(path),
    entryPoint,
  }));

const licences = async (metafiles) => {
  const inputs = metafiles.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const found = inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]);
  const texts = [];
  for (const folder of [...new Set(found.filter(Boolean))].sort()) {
    const { name, version, license } = JSON.parse(await readFile(join(here, folder, "package.json")));
    const files = ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "license.md"];
    const read = await Promise.all(
      files.map((file) => readFile(join(here, folder, file), "utf-8").catch(() => null)),
    );
    texts.push(`${name} ${version}: ${license ?? ""}\n\n${read.find(Boolean) ?? ""}`.trim());
  }
  return `${texts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
};

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
const built = await build({ ...shared, entryPoints: workers, format: "iife" });
const workerNames = Object.fromEntries(
  Object.entries(workers).map(([label, path]) => {
    const made = outputs(built).find(({ entryPoint }) => entryPoint?.endsWith(path.replace("./", "")));
    return [label, made.name];
  }),
);
const page = await build({
  ...shared,
  entryPoints: { page: "src/main.jsx" },
  format: "esm",
  splitting: true,
  jsx: "automatic",
  define: { ...shared.define, WORKERS: JSON.stringify(workerNames) },
});
const script = outputs(page).find(({ entryPoint }) => entryPoint === "src/main.jsx").name;
const notices = await licences([built, page]);
const digest = createHash("sha256").update(notices).digest("hex").slice(0, 8).toUpperCase();
const noticesName = `licences-${digest}.txt`;
await writeFile(join(target, noticesName), notices);
const files = [...outputs(built), ...outputs(page)].map(({ name }) => name).sort();
// Styles of parts that are loaded later are linked at once: esbuild loads only their scripts. Those
// of the page come last ("p" after "c"), so that they win.
const styles = files.filter((name) => name.endsWith(".css"));
const manifest = { script, styles, files: [...files, noticesName] };
await writeFile(join(target, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
console.log(`${manifest.files.length} files in ${relative(join(here, "../.."), target)}`);
