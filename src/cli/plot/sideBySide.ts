/** Joins blocks of lines, each line of a block as wide as its columns say (colours have no width). */
export function sideBySide(left: readonly string[], right: readonly string[], gap: number): string[] {
  return left.map((line, row) => `${line}${' '.repeat(gap)}${right[row] ?? ''}`)
}
