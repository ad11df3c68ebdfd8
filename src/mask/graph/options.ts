import { checkInteger, checkRate, MAX_SITE, MAX_WORD } from '../../validate/number.js'
import { checkWord } from '../../validate/options.js'
import { checkSeed, type Seed } from '../../validate/seed.js'
import { checkStreamVersion, DOMAINS, type Domain, STREAM_VERSION } from '../recipe.js'

/** The kinds of masks on graphs. */
export type GraphKind = 'edges' | 'nodes' | 'paths'

/** Which random bits a mask on a graph has, and how many of them drop. */
export interface GraphMaskOptions {
  /** The probability of dropping, in `[0, 1]`. */
  rate: number
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
  /** The version of the mask stream: what JSON has. @default 1 */
  streamVersion?: number | undefined
  /** The kind: what JSON has. It must be that of the function. */
  kind?: GraphKind | undefined
}

/** The names of {@link GraphMaskOptions}. */
export const GRAPH_OPTIONS = ['rate', 'seed', 'step', 'site', 'domain', 'streamVersion', 'kind'] as const

/** A mask on a graph as JSON writes it: all but the graph. */
export interface GraphMaskJSON {
  readonly streamVersion: number
  readonly kind: GraphKind
  readonly rate: number
  readonly seed: string
  readonly site: number
  readonly domain: Domain
  readonly step: number
  readonly [option: string]: unknown
}

/** Checked {@link GraphMaskOptions}. */
export interface GraphSource {
  readonly rate: number
  readonly seed: bigint
  /** Counter word 3 of the stream without its plane: site and domain. */
  readonly place: number
  readonly step: number
  readonly json: GraphMaskJSON
}

/** Checks which bits a mask has. */
export function checkGraphSource(kind: GraphKind, options: GraphMaskOptions): GraphSource {
  if (options.streamVersion !== undefined) checkStreamVersion(options.streamVersion)
  checkWord(options.kind, 'kind', [kind], kind)
  const rate = checkRate(options.rate)
  const seed = checkSeed(options.seed)
  const site = checkInteger(options.site, 'site', 0, MAX_SITE, 0)
  const domain = checkWord(options.domain, 'domain', DOMAINS, 'user')
  const step = checkInteger(options.step, 'step', 0, MAX_WORD, 0)
  const place = site | (DOMAINS.indexOf(domain) << 16)
  const json = { streamVersion: STREAM_VERSION, kind, rate, seed: seed.toString(), site, domain, step }
  return { rate, seed, place, step, json }
}
