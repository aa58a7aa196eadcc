// nodemailer's pool, one for each account, sending the bytes that mailconfig sends.
//
//     node pool.mjs SETTINGS.json CONNECTIONS
//
// Each line of standard input is a batch: {"template", "mark", "count", "accounts"}. The answer is
// one line when all of it was accepted; an error ends the process.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createTransport } from 'nodemailer'

const [settingsPath, connectionsText] = process.argv.slice(2)
const settings = JSON.parse(readFileSync(settingsPath, 'utf8'))
const connections = Number(connectionsText)
const ca = readFileSync(settings.ca)

// Every second account by STARTTLS, as in mailconfig's database. `maxMessages` is 100 in both.
const transports = settings.accounts.map((user, place) => createTransport({
  pool: true,
  maxConnections: connections,
  host: settings.host,
  port: place % 2 ? settings.starttls : settings.tls,
  secure: place % 2 === 0,
  requireTLS: true,
  auth: { user, pass: settings.password },
  tls: { ca }
}))

async function send ({ template, mark, count, accounts }) {
  const text = readFileSync(template)
  const place = text.indexOf(mark)
  let next = 0
  async function some () {
    while (next < count) {
      const account = next++ % accounts
      const raw = Buffer.from(text)
      raw.write(randomBytes(mark.length / 2).toString('hex'), place, 'latin1')
      const envelope = { from: settings.accounts[account], to: [settings.recipient] }
      await transports[account].sendMail({ envelope, raw })
    }
  }
  await Promise.all(Array.from({ length: settings.underWay }, some))
}

for await (const line of createInterface({ input: process.stdin })) {
  await send(JSON.parse(line))
  process.stdout.write('sent\n')
}
transports.forEach(transport => transport.close())
