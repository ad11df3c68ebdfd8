import type { Domain } from '../../mask/recipe.js'
import type { Place } from '../part.js'

/** Two places whose lanes have nothing to do with one another. */
export interface Relation {
  readonly name: string
  of(place: Place): [Place, Place]
}

const WORD = 2 ** 32
const SITES = 2 ** 16
const SEEDS = 2n ** 64n

type Numbers = 'sample' | 'step' | 'site'

const SIZES = { sample: WORD, step: WORD, site: SITES } as const

/** Adds to a number of the recipe, around its end. */
function plus(place: Place, field: Numbers, more: number): Place {
  const value = ((place.recipe[field] ?? 0) + more) % SIZES[field]
  return { ...place, recipe: { ...place.recipe, [field]: value } }
}

function flip(place: Place, field: Numbers, bit: number): Place {
  const value = ((place.recipe[field] ?? 0) ^ (2 ** bit)) >>> 0
  return { ...place, recipe: { ...place.recipe, [field]: value } }
}

function seed(place: Place, change: (seed: bigint) => bigint): Place {
  const seed = change(BigInt(place.recipe.seed)) % SEEDS
  return { ...place, recipe: { ...place.recipe, seed } }
}

function domain(place: Place, domain: Domain): Place {
  return { ...place, recipe: { ...place.recipe, domain } }
}

const further = (place: Place, lanes: number): Place => ({ ...place, start: place.start + lanes })

const lags = [1, 2, 3, 4, 8, 16, 31, 32, 33, 64, 127, 128, 256].map((lag): Relation => {
  return { name: `lane i and lane i + ${lag}`, of: (place) => [place, further(place, lag)] }
})

const neighbours = (['sample', 'step', 'site'] as const).flatMap((field): Relation[] => [
  { name: `${field} i and ${field} i + 1`, of: (place) => [place, plus(place, field, 1)] },
  ...[1, 8, 15, ...(field === 'site' ? [] : [16, 24, 31])].map((bit) => ({
    name: `${field}s that differ in bit ${bit}`,
    of: (place: Place): [Place, Place] => [place, flip(place, field, bit)],
  })),
])

const seeds: Relation[] = [
  { name: 'seed i and seed i + 1', of: (place) => [place, seed(place, (s) => s + 1n)] },
  ...[8n, 31n, 32n, 63n].map((bit): Relation => {
    return {
      name: `seeds that differ in bit ${bit}`,
      of: (place) => [place, seed(place, (s) => s ^ (1n << bit))],
    }
  }),
]

const domains: Relation[] = [
  ...(['train', 'mc', 'init', 'shuffle', 'split'] as const).map((other): Relation => {
    return { name: `domain user and domain ${other}`, of: (place) => [place, domain(place, other)] }
  }),
  {
    name: 'pass i and pass i + 1',
    of: (place) => [domain(place, 'mc'), plus(domain(place, 'mc'), 'step', 1)],
  },
  {
    name: 'shared and sample 0',
    of: ({ recipe, start }) => [
      { recipe: { ...recipe, shared: true }, start },
      { recipe: { ...recipe, sample: 0 }, start },
    ],
  },
]

/** What generators that add up their numbers confuse. */
const sums: Relation[] = [
  {
    name: 'next sample and next lanes',
    of: (place) => [plus(place, 'sample', 1), further(place, 128)],
  },
  { name: 'next sample and next step', of: (place) => [plus(place, 'sample', 1), plus(place, 'step', 1)] },
  { name: 'next site and next step', of: (place) => [plus(place, 'site', 1), plus(place, 'step', 1)] },
  {
    name: 'next seed and next step',
    of: (place) => [seed(place, (s) => s + 1n), plus(place, 'step', 1)],
  },
]

/** Every pair of places that is looked at. */
export const RELATIONS: readonly Relation[] = [...lags, ...neighbours, ...domains, ...seeds, ...sums]
