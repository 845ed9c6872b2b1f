// Fetches, uploads a file and reads a stream with Node's client of HTTP/2, all on
// one connection at once, and prints what came.
import { createReadStream } from 'node:fs'
import { connect } from 'node:http2'

const [base, file] = process.argv.slice(2)
const { origin, pathname } = new URL(base)
const session = connect(origin)

async function ask(path, body) {
  const stream = session.request({ ':path': pathname + path, ':method': body ? 'POST' : 'GET' })
  if (body) body.pipe(stream)
  else stream.end()
  let text = ''
  for await (const piece of stream.setEncoding('utf8')) text += piece
  return text
}

const [hello, sum, streamed] = await Promise.all([ask('/hello'), ask('/sum', createReadStream(file)), ask('/stream')])
session.close()
console.log(hello, sum, streamed.replaceAll('\n', ''))
