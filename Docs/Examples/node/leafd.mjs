// IDs from leafd, without a library. Run: node leafd.mjs [SOCKET [TAG]]; then Enter for each further ID.
// IDs are strings here, since a Number rounds above 2^53.
import { realpathSync } from 'node:fs'
import net from 'node:net'
import readline from 'node:readline'
import { pathToFileURL } from 'node:url'

// What leafd has refused, and why.
export class LeafdError extends Error {}

// Node cannot fork: child_process.fork, cluster and workers start anew, with a pool and a connection of their own.
export class Leafd {
  constructor(path = '/run/leafd/leafd.sock') {
    Object.assign(this, { path, pools: new Map(), last: Promise.resolve() })
  }

  // One ID out of the pool, which leases `size` at a time.
  async take(tag, size = 1000) {
    if (!this.pools.has(tag)) this.pools.set(tag, { ranges: [] })
    const pool = this.pools.get(tag)
    while (!pool.ranges.length) {
      pool.lease ??= this.lease(pool, tag, size).finally(() => { pool.lease = undefined })
      await pool.lease
    }
    const range = pool.ranges[0]
    if (range.next === range.last) pool.ranges.shift()
    return String(range.next++)
  }

  async lease(pool, tag, size) {
    const ends = (await this.ask('LEASE', tag, size)).map(BigInt)
    for (let i = 0; i < ends.length; i += 2) pool.ranges.push({ next: ends[i], last: ends[i + 1] })
  }

  // The reply to one request, an ID or a list of them; the next request waits for it.
  async ask(...words) {
    const reply = this.last.then(() => this.exchange(words))
      .catch(() => this.exchange(words)) // once more, on a new connection; IDs whose reply was lost are a gap
    this.last = reply.catch(() => {})
    const value = await reply
    if (value instanceof LeafdError) throw value
    return value
  }

  exchange(words) {
    return new Promise((resolve, reject) => {
      const socket = this.socket ??= this.connect()
      socket.waiting = { resolve, reject }
      socket.ref().setTimeout(5000)
      const bulks = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`)
      socket.write(`*${words.length}\r\n${bulks.join('')}`)
    })
  }

  connect() {
    const socket = net.connect({ path: this.path }).setEncoding('utf8')
    let text = ''
    const fail = (error) => {
      if (this.socket === socket) this.socket = undefined // nobody reads what this one still says
      socket.destroy().waiting?.reject(error)
    }
    socket.on('error', fail).on('close', () => fail(new Error('leafd has closed the connection')))
    socket.on('timeout', () => fail(new Error('leafd has not answered for 5 s')))
    socket.on('data', (part) => {
      const lines = (text += part).split('\r\n')
      const [kind, rest] = [text[0], lines[0].slice(1)]
      if (lines.length < 2 || (kind === '*' && lines.length < Number(rest) + 2)) return // there is more to come
      if (rest.startsWith('SHUTDOWN') || !'*:-'.includes(kind)) return fail(new Error(text))
      text = ''
      socket.setTimeout(0).unref()
      if (kind === '*') socket.waiting.resolve(lines.slice(1, -1).map((line) => line.slice(1)))
      else socket.waiting.resolve(kind === ':' ? rest : new LeafdError(rest))
    })
    return socket
  }
}

if (import.meta.url === pathToFileURL(realpathSync(process.argv[1] ?? '.')).href) {
  const [path, tag = 'orders'] = process.argv.slice(2)
  const leafd = new Leafd(path)
  console.log(await leafd.ask('NEXT', tag))
  console.log((await leafd.ask('NEXT', tag, 3)).join(' '))
  for await (const line of readline.createInterface({ input: process.stdin })) console.log(await leafd.take(tag))
}
