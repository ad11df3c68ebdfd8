import { checkInteger, MAX_SITE, MAX_WORD } from '../../validate/number.js'
import { checkWord } from '../../validate/options.js'
import { checkSeed, type Seed } from '../../validate/seed.js'
import { DOMAINS, type Domain } from '../recipe.js'

/** Which random bits a structured mask has. */
export interface StructuredOptions {
  /**
   * The seed. Required: a forgotten seed could not be backed through.
   *
   * @example 42n
   */
  seed: Seed
  /**
   * The optimiser step or the Monte Carlo pass, in `[0, 2^32)`. Another step draws another mask.
   *
   * @default 0
   */
  step?: number | undefined
  /**
   * Which layer or call, in `[0, 65535]`. Two masks of one step need two sites.
   *
   * @default 0
   */
  site?: number | undefined
  /**
   * Who draws.
   *
   * @default 'user'
   */
  domain?: Domain | undefined
  /**
   * `'batch'`: one mask for all rows, whatever their ids. `'none'`: each row has its own.
   *
   * @default 'none'
   */
  share?: 'batch' | 'none' | undefined
}

/** The names of {@link StructuredOptions}. */
export const STRUCTURED_OPTIONS = ['seed', 'step', 'site', 'domain', 'share'] as const

/** Checked {@link StructuredOptions}, as JSON writes them. */
export interface Source {
  readonly seed: string
  readonly site: number
  readonly domain: Domain
  readonly step: number
  readonly share?: 'batch'
}

/** Checks which bits a mask has. */
export function checkSource(options: StructuredOptions): Source {
  const { site, step, domain, share } = options
  const source = {
    seed: checkSeed(options.seed).toString(),
    site: checkInteger(site, 'site', 0, MAX_SITE, 0),
    domain: checkWord(domain, 'domain', DOMAINS, 'user'),
    step: checkInteger(step, 'step', 0, MAX_WORD, 0),
  }
  return checkWord(share, 'share', ['batch', 'none'], 'none') === 'batch'
    ? { ...source, share: 'batch' }
    : source
}
