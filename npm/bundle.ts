import { cpSync } from 'node:fs'
import { dirname, posix, relative, resolve } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { writePackageLicences } from './licences.js'
import { root } from './tools.js'

/**
 * Bundles `src/cli` with the packages it uses into `dist/cli/main.js`, and puts their licences and the demo's data
 * beside it. The library itself stays outside: the command line imports the same files that everybody imports.
 */
export async function bundleCommandLine(): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: root(),
    entryPoints: ['src/cli/main.ts'],
    outfile: 'dist/cli/main.js',
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    // Packages written in CommonJS call `require` for the modules of Node.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'\nconst require = __createRequire(import.meta.url)",
    },
    plugins: [libraryStaysOutside],
    metafile: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  writePackageLicences(Object.keys(metafile.inputs), 'dist/cli/LICENSES.md')
  cpSync(root('src/cli/data'), root('dist/cli/data'), { recursive: true })
}

const libraryStaysOutside: Plugin = {
  name: 'library-stays-outside',
  setup({ onResolve }) {
    const cli = root('src/cli')
    onResolve({ filter: /^\.\.?\// }, ({ importer, path }) => {
      const target = resolve(dirname(importer), path)
      const fromMain = relative(cli, target).replaceAll('\\', '/')
      const isOurs = importer.startsWith(cli)
      return isOurs && fromMain.startsWith('../')
        ? { path: posix.normalize(fromMain), external: true }
        : undefined
    })
  },
}
