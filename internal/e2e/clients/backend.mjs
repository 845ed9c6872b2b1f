// The backend of the clients' test, over HTTP/1.1 and over HTTP/2 with prior
// knowledge. It prints both ports, and then two that are free.
import { createHash } from 'node:crypto'
import { createServer as createHTTP1 } from 'node:http'
import { createServer as createHTTP2 } from 'node:http2'
import { createServer } from 'node:net'

function answer(request, response) {
  const hash = createHash('sha256')
  request.on('data', (piece) => hash.update(piece))
  request.on('end', () => {
    switch (request.url) {
      case '/sum':
        return response.end(hash.digest('hex'))
      case '/stream': {
        let n = 0
        const timer = setInterval(() => {
          response.write(`${n++}\n`)
          if (n === 10) {
            clearInterval(timer)
            response.end()
          }
        }, 10)
        return
      }
      default:
        response.end('hello')
    }
  })
}

const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)))

console.log(await listen(createHTTP1(answer)))
console.log(await listen(createHTTP2(answer)))
const free = [createServer(), createServer()]
const ports = await Promise.all(free.map(listen))
await Promise.all(free.map((server) => new Promise((done) => server.close(done))))
console.log(ports.join(' '))
