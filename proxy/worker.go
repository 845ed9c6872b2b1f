package proxy

import (
	"time"

	"spillway/balancer"
	"spillway/internal/accesslog"
	"spillway/internal/http2"
	"spillway/internal/loop"
	"spillway/internal/router"
	"spillway/internal/tlsconn"
)

// A worker is what the proxy keeps on one loop.
type worker struct {
	server   *Server
	loop     *loop.Loop
	tls      *tlsconn.Worker
	h2       *http2.Worker
	index    int
	rand     *balancer.Rand
	buffers  bufferPool
	idle     *exchange // free exchanges
	free     int
	clients  clientList
	log      *accesslog.Shard
	flushing bool
	flush    *loop.Timer // set while the log holds lines that were not handed on
	entry    accesslog.Entry
	idRoom   []byte // of the entry's request id
	lookup   router.Request
	pathRoom []byte // where a path is built that routes look at
	values   router.Vars
	place    []byte // of a redirect
	date     []byte // as of dateAt, in seconds
	dateAt   int64
	tunnels  int // open now
	stats    workerStats
}

// maxFreeExchanges caps the exchanges that a worker keeps for reuse.
const maxFreeExchanges = 1024

func newWorker(s *Server, l *loop.Loop) *worker {
	w := &worker{server: s, loop: l, index: l.Index()}
	w.tls = tlsconn.NewWorker(l)
	w.h2 = http2.NewWorker(l)
	w.rand = balancer.NewRand(randomSeed())
	return w
}

func (w *worker) takeExchange() *exchange {
	if x := w.idle; x != nil {
		w.idle, x.next = x.next, nil
		w.free--
		return x
	}
	return newExchange(w)
}

func (w *worker) putExchange(x *exchange) {
	if w.free < maxFreeExchanges {
		x.next = w.idle
		w.idle = x
		w.free++
	}
}

// flushAfter is how long a line of the access log may wait for company.
const flushAfter = int64(200 * time.Millisecond)

// flushSoon sees to it that what the log holds is handed on.
func (w *worker) flushSoon() {
	if w.flush == nil {
		w.flush = w.loop.NewTimer(func(int64) {
			w.flushing = false
			if w.log != nil && !w.log.Flush() {
				w.flushSoon()
			}
		})
	}
	if !w.flushing {
		w.flushing = true
		w.flush.Set(w.loop.Now() + flushAfter)
	}
}

// dice throws a number in [0, 1).
func (w *worker) dice() float64 { return float64(w.rand.Uint64()>>11) / (1 << 53) }
