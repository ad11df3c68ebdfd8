/**
 * Every mask at a glance: writes a sheet of pictures, dark where something is kept, with the rate that was asked for and
 * the rates there are, as SVG to the file that is named, or to masks.svg.
 */
import { writeFileSync } from 'node:fs'
import { graphs } from './masks/graphs.js'
import { noises } from './masks/noise.js'
import { rates, sheet } from './masks/sheet.js'
import { broadcasts, images, sequences } from './masks/structured.js'

const file = process.argv[2] ?? 'masks.svg'
const tiles = [...broadcasts(), ...images(), ...sequences(), ...noises(), ...graphs()]
for (const tile of tiles) console.log(`${tile.name.padEnd(28)} ${rates(tile).join(', ')}`)
writeFileSync(file, sheet('Masks: dark is kept, light is dropped', tiles))
console.log(`wrote ${file}`)
