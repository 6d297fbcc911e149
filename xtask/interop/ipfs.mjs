// Content addresses and CAR files by the JavaScript tools.
//
//   node ipfs.mjs fixtures FOLDER   writes importer.json and blocks.car, made by the tools alone
//   node ipfs.mjs check FILE.car    reads a CAR with @ipld/car, checks every block, prints {roots, blocks, bytes}
import { CarReader, CarWriter } from '@ipld/car'
import { MemoryBlockstore } from 'blockstore-core'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { readFileSync, writeFileSync } from 'node:fs'

const versionOf = (name) => JSON.parse(readFileSync(new URL('package.json', import.meta.url))).dependencies[name]
const pattern = (length) => Uint8Array.from({ length }, (_, i) => (i + 7 * (i >> 8)) % 251)
const profiles = {
  'unixfs-v1-2025': { chunk: 1 << 20, links: 1024 },
  'kubo-cid-v1': { chunk: 1 << 18, links: 174 },
  // Small, so that trees of several levels stay small.
  'test-16-3': { chunk: 16, links: 3 }
}

async function address (profile, source) {
  const { chunk, links } = profiles[profile]
  let last
  for await (const entry of importer(source, new MemoryBlockstore(), {
    cidVersion: 1,
    rawLeaves: true,
    chunker: fixedSize({ chunkSize: chunk }),
    layout: balanced({ maxChildrenPerNode: links })
  })) last = entry
  return last.cid.toString()
}

const lengths = {
  'unixfs-v1-2025': [0, 1, 1 << 20, (1 << 20) + 1, 3 << 20],
  'kubo-cid-v1': [0, 1, 1 << 18, (1 << 18) + 1, 174 << 18, (174 << 18) + 1],
  'test-16-3': [0, 1, 16, 17, 48, 49, 64, 144, 145, 433, 1000]
}
const folder = [['b/c.txt', 5], ['a.txt', 40], ['B', 1], ['b/empty', null], ['b/d/e', 100], ['ä', 3], ['none', 0]]

async function fixtures (out) {
  const files = []
  for (const [profile, list] of Object.entries(lengths)) {
    for (const length of list) {
      files.push({ profile, length, cid: await address(profile, [{ path: 'f', content: pattern(length) }]) })
    }
  }
  const folders = []
  for (const profile of Object.keys(profiles)) {
    const source = folder.map(([path, length]) =>
      length === null ? { path: `top/${path}` } : { path: `top/${path}`, content: pattern(length) })
    folders.push({ profile, cid: await address(profile, source) })
  }
  writeFileSync(`${out}/importer.json`, JSON.stringify({
    tool: `ipfs-unixfs-importer ${versionOf('ipfs-unixfs-importer')}`,
    files,
    folder: folder.map(([path, length]) => ({ path, length })),
    folders
  }, null, 1) + '\n')

  const blocks = []
  for (const length of [0, 1, 300]) {
    const bytes = pattern(length)
    blocks.push({ cid: CID.createV1(raw.code, await sha256.digest(bytes)), bytes })
  }
  const { writer, out: chunks } = CarWriter.create([blocks[2].cid, blocks[0].cid])
  const collected = (async () => { const all = []; for await (const c of chunks) all.push(c); return Buffer.concat(all) })()
  for (const block of blocks) await writer.put(block)
  await writer.close()
  writeFileSync(`${out}/blocks.car`, await collected)
}

async function check (file) {
  const reader = await CarReader.fromBytes(readFileSync(file))
  let blocks = 0; let bytes = 0
  for await (const block of reader.blocks()) {
    const digest = await sha256.digest(block.bytes)
    if (Buffer.compare(Buffer.from(digest.bytes), Buffer.from(block.cid.multihash.bytes)) !== 0) {
      throw new Error(`block ${block.cid} has other bytes`)
    }
    blocks += 1; bytes += block.bytes.length
  }
  const roots = await reader.getRoots()
  for (const root of roots) if (!await reader.has(root)) throw new Error(`root ${root} is missing`)
  console.log(JSON.stringify({ roots: roots.map(String), blocks, bytes }))
}

const [, , command, path] = process.argv
if (command === 'fixtures' && path) await fixtures(path)
else if (command === 'check' && path) await check(path)
else { console.error('node ipfs.mjs fixtures FOLDER | check FILE.car'); process.exit(1) }
