// Powers-of-Tau files by snarkjs.
//
//   node ptau.mjs fixtures FOLDER   writes the files of crates/prover/tests/fixtures/ptau
//   node ptau.mjs check FILE.ptau   reads a file with the tool's own verifier; fails unless it is sound
//
// A beacon is the only contribution, so that the files come out the same each time; whoever reads this knows τ.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCurveFromName } from 'ffjavascript'
import { powersOfTau } from 'snarkjs'

const version = JSON.parse(readFileSync(new URL('package.json', import.meta.url))).dependencies.snarkjs
// One for each file, so that no two have the same τ.
const beacons = { 4: '04'.repeat(32), 8: '08'.repeat(32) }
const [, , command, path] = process.argv
const curve = await getCurveFromName('bn128')
try {
  if (command === 'fixtures') {
    const file = (name) => join(path, `${name}.ptau`)
    for (const [power, beacon] of Object.entries(beacons)) {
      const fresh = file(`pot${power}-fresh`)
      await powersOfTau.newAccumulator(curve, Number(power), fresh)
      await powersOfTau.beacon(fresh, file(`pot${power}`), 'averment test', beacon, 10)
    }
    rmSync(file('pot8-fresh'))
    // As ceremonies publish them: with Lagrange forms, and cut down from a larger one.
    await powersOfTau.preparePhase2(file('pot4'), file('pot4-final'))
    await powersOfTau.truncate(file('pot4-final'), join(path, 'pot4-cut-'))
    for (const power of ['01', '02']) rmSync(file(`pot4-cut-${power}`))
    writeFileSync(join(path, 'tool.json'), JSON.stringify({ tool: `snarkjs ${version}`, beacons, iterations: '2^10' }) + '\n')
  } else if (command === 'check') {
    if (!await powersOfTau.verify(path)) throw new Error(`${path}: snarkjs refuses it`)
    console.log('sound')
  } else {
    throw new Error('fixtures FOLDER, or check FILE.ptau')
  }
} finally {
  await curve.terminate()
}
