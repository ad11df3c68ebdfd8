import library = require('inverted-dropout')

export const y: Float32Array = library.dropout(new Float32Array(4), { rate: 0.5, seed: 7n })
