package proxy

import (
	"errors"
	"io"

	"spillway/balancer"
	"spillway/internal/http1"
	"spillway/internal/http2"
	"spillway/internal/loop"
	"spillway/internal/ratelimit"
)

// An exchange is one request and its answer, on one task. It belongs to its
// worker and is used again: for the next request of the same client, then for
// other clients.
type exchange struct {
	worker *worker
	client *client
	task   *loop.Task
	next   *exchange // in the worker's free list

	in      *buffer // what the client sent; the request's slices point into it
	request http1.Request
	began   int64 // when the head was complete

	settings *listenerSettings
	route    *route
	target   *target
	pool     *pool  // of target
	path     []byte // normalised
	pathRoom []byte // where path is built when the client's is not normal already
	newPath  []byte // what the route makes of it for the backend; nil: the client's bytes stay
	newRoom  []byte
	deadline int64 // of the whole exchange; 0: none
	grpc     bool
	patience int64 // nanoseconds that the client said it will wait; 0: it did not

	body        requestBody
	key         uint64
	keyed       bool
	origin      []byte                 // the region that has spilled the request to this one; empty: none
	admitted    *ratelimit.Concurrency // holds a place for the request, or nil
	admittedKey uint64
	limitLines  []byte              // fields for an answer of 429
	rival       rival               // asked as well, since the first was late
	scope       balancer.RetryScope // of the attempt that comes
	keyRoom     []byte
	pick        balancer.Request
	tried       [8]*balancer.Backend
	attempts    int
	moves       int              // to another connection of the same backend
	member      *balancer.Member // holds one slot of it, or nil
	backend     *backend         // of member
	conn        *backendConn
	sentAt      int64 // when this attempt's request began to be sent, before that when it began
	headAt      int64 // when the head of its answer was whole
	setSRV      bool  // the answer sets the sticky cookie

	out      *buffer // what the backend sent; the response's slices point into it
	response http1.Response
	chunks   chunkScanner // of the answer's body

	// keepAlive: the client's connection may serve another request.
	keepAlive  bool
	raw        bool   // bytes are passed on as they come: there is no request
	serverName string // of a raw connection, by SNI
	answered   bool   // some of the final answer may have reached the client

	scratch []byte   // added lines
	slices  [][]byte // what one write takes
	record  record
}

// errHTTP2 says that a connection begins with the preface of HTTP/2.
var errHTTP2 = errors.New("HTTP/2")

func newExchange(w *worker) *exchange {
	x := &exchange{worker: w}
	x.furnish()
	x.pick.Rand = w.rand
	x.body.exchange = x
	return x
}

// furnish makes the room that every request needs.
func (x *exchange) furnish() {
	x.scratch = make([]byte, 0, 2048)
	x.slices = make([][]byte, 0, 32)
}

// lean gives up that room for as long as a tunnel stands.
func (x *exchange) lean() { x.scratch, x.slices = nil, nil }

// Run serves requests of one client until its connection rests or ends.
func (x *exchange) Run(t *loop.Task) {
	x.task = t
	defer x.end()
	if !x.client.opened && !x.open() {
		return
	}
	for x.serve() {
	}
}

// end leaves nothing behind, also after a panic, which goes on to the loop's report.
func (x *exchange) end() {
	w := x.worker
	if x.client != nil {
		x.abandon()
	}
	w.buffers.put(x.in)
	w.buffers.put(x.out)
	x.in, x.out, x.client, x.task = nil, nil, nil, nil
	x.trim()
	x.forget()
	if x.slices == nil {
		x.furnish()
	}
	w.putExchange(x)
}

// forget lets go of what belongs to a snapshot: many exchanges rest for long, and
// each would keep the whole configuration of its last request.
func (x *exchange) forget() {
	x.settings, x.route, x.target, x.pool, x.backend = nil, nil, nil, nil, nil
	x.record.route, x.record.member = nil, nil
	x.pick = balancer.Request{Rand: x.worker.rand}
	clear(x.tried[:])
}

// keepRoom is how much room an exchange may keep for the next one in each of its buffers.
const keepRoom = 32 << 10

// trim gives up room that an unusual request has made.
func (x *exchange) trim() {
	for _, room := range [...]*[]byte{&x.scratch, &x.pathRoom, &x.newRoom, &x.keyRoom, &x.body.spare, &x.body.kept} {
		if cap(*room) > keepRoom {
			*room = nil
		}
	}
	x.body.whole, x.body.early = nil, nil
	clear(x.slices[:cap(x.slices)])
}

// abandon is for the end by panic: everything that the exchange holds is closed.
func (x *exchange) abandon() {
	x.client.conn.Watch(nil)
	x.stopUpload()
	x.dropConn()
	x.stopRival()
	x.endRival()
	x.releaseMember()
	x.leave()
	x.client.close()
}

// serve reads one request and answers it. It returns true when the next one
// should be read at once; else the client rests or is closed, and x.client is nil.
func (x *exchange) serve() (again bool) {
	x.reset()
	if err := x.readRequest(); err == errHTTP2 {
		return x.startHTTP2()
	} else if err != nil {
		x.refuse(err)
		return x.settle()
	}
	x.began = x.worker.loop.Now()
	x.worker.stats.requests++
	x.keepAlive = x.request.KeepAlive && !x.lastAnswer()
	x.client.served++
	x.handle()
	x.finishRecord()
	return x.settle()
}

// reset makes the exchange ready for the next request.
func (x *exchange) reset() {
	x.request.Reset()
	x.settings = x.client.listener.settings.Load()
	x.route, x.target, x.pool, x.path, x.newPath = nil, nil, nil, nil, nil
	x.deadline, x.attempts, x.moves = 0, 0, 0
	x.grpc, x.patience = false, 0
	x.member, x.backend, x.conn = nil, nil, nil
	x.keyed, x.key, x.setSRV = false, 0, false
	x.origin, x.admitted, x.scope = nil, nil, balancer.NoRetry
	x.keepAlive, x.raw, x.answered = false, false, false
	x.serverName = ""
	x.body.reset()
	x.record.begin([2]uint64{x.worker.rand.Uint64(), x.worker.rand.Uint64()})
}

// settle ends the request on the client's side: rest, go on, or close.
func (x *exchange) settle() (again bool) {
	w := x.worker
	w.buffers.put(x.out)
	x.out = nil
	if !x.keepAlive || x.client.stream {
		x.closeClient()
		return false
	}
	if x.in != nil {
		if !x.in.empty() {
			return true
		}
		w.buffers.put(x.in)
		x.in = nil
	}
	if x.client.rest(x.settings.idleTimeout) {
		x.client = nil
		return false
	}
	return true
}

// readRequest reads until a whole head has been parsed.
func (x *exchange) readRequest() error {
	conn := x.client.conn
	late := int64(0)
	for {
		if x.in != nil && !x.in.empty() {
			n, err := x.parseRequest()
			if err != nil {
				return err
			}
			if n > 0 {
				x.in.start += n
				return nil
			}
			if late == 0 {
				late = deadlineAfter(x.worker.loop.Now(), x.settings.headTimeout)
				conn.SetReadDeadline(late)
			}
			if !x.in.grow(x.settings.headRoom) {
				return errHeadTooLarge
			}
		}
		if x.in == nil {
			x.in = x.worker.buffers.take()
		}
		room := x.in.firstRoom()
		if x.mayBeHTTP2() && http2.MatchPreface(x.in.unread()) == http2.MaybePreface {
			room = room[:min(len(room), http2.MaxRead-len(x.in.unread()))]
		}
		n, err := conn.Read(x.task, room)
		if err != nil {
			if err == io.EOF && x.in.empty() {
				return errClientLeft
			}
			return err
		}
		x.in.end += n
	}
}

// mayBeHTTP2 tells whether the connection may yet turn out to speak HTTP/2.
func (x *exchange) mayBeHTTP2() bool {
	return x.client.served == 0 && x.settings.maxStreams > 0 && !x.client.stream
}

// parseRequest looks for a whole head in what has been read, and on a new
// connection for the beginning of HTTP/2 first; 0 asks for more.
func (x *exchange) parseRequest() (n int, err error) {
	if x.mayBeHTTP2() {
		switch http2.MatchPreface(x.in.unread()) {
		case http2.Preface:
			return 0, errHTTP2
		case http2.MaybePreface:
			return 0, nil
		}
	}
	return x.request.Parse(x.in.unread(), x.settings.limits)
}

// until is the deadline of a wait of at most patience nanoseconds, within that of the exchange.
func (x *exchange) until(patience int64) int64 {
	return x.within(x.worker.loop.Now(), patience)
}

// within is the deadline of a wait that began at from.
func (x *exchange) within(from, patience int64) int64 {
	at := deadlineAfter(from, patience)
	if x.deadline != 0 && (at == 0 || x.deadline < at) {
		return x.deadline
	}
	return at
}

// outOfTime tells whether the time for the whole exchange is over.
func (x *exchange) outOfTime() bool {
	return x.deadline != 0 && x.worker.loop.Now() >= x.deadline
}
