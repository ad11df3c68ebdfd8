import { createRequire } from 'node:module'
import { DropoutError } from '../errors.js'
import type * as Binding from './binding.js'
import { platformName } from './platform.js'

const require = createRequire(import.meta.url)

/** Where the addon may be, in the order it is looked for. */
function candidates(): string[] {
  const platform = platformName()
  return [
    // A checkout: `npm run build` leaves the addon in the folder of its platform's package.
    `../../npm/${platform}/inverted-dropout.${platform}.node`,
    // An installation: npm has picked the package of this platform.
    `inverted-dropout-${platform}`,
  ]
}

/**
 * Loads the first addon that fits this machine.
 *
 * @throws {DropoutError} `ERR_NATIVE_MISSING` with what was tried and how to get what is missing.
 */
export function load(places: string[] = candidates()): typeof Binding {
  const tried: string[] = []
  for (const place of places) {
    try {
      return require(place) as typeof Binding
    } catch (error) {
      tried.push(`  ${place}: ${firstLine(error)}`)
    }
  }
  const platform = platformName()
  throw new DropoutError(
    'ERR_NATIVE_MISSING',
    [
      `no native addon for ${platform} was found. Tried:`,
      ...tried,
      `Install it with \`npm install inverted-dropout-${platform}\` (the same version as inverted-dropout).`,
      'A lock file made on another platform may have dropped it: delete node_modules and package-lock.json and',
      'install again, without `--omit=optional`. In a checkout of the sources run `npm run build`.',
    ].join('\n'),
  )
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] ?? ''
}

/** The native addon. Its functions check only what memory safety needs: validate before calling them. */
export const native: typeof Binding = load()
