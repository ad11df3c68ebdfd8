import { InvalidArgumentError } from 'commander'

const LARGEST = 2n ** 64n - 1n

/** Reads the value of `--seed`: an integer from 0 to 2^64 - 1. */
export function parseSeed(text: string): bigint {
  if (!/^\d+$/.test(text) || BigInt(text) > LARGEST) {
    throw new InvalidArgumentError(`It must be an integer from 0 to ${LARGEST}.`)
  }
  return BigInt(text)
}
