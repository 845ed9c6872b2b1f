package e2e

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"spillway/internal/e2e/wire"
)

// Backend is a strict HTTP/1.1 server on a raw socket that does what its script
// says and keeps every request. Scripts are set before the first connection.
type Backend struct {
	Name, Address string

	// Head runs as soon as a request's head is read, before its body.
	Head func(*Exchange)
	// Handle answers a complete request; without it Echo does.
	Handle func(*Exchange)
	// Accept runs on each new connection before its first request.
	Accept func(*BackendConn)
	// KeepsQuiet stops the 100 (Continue) that a request with Expect gets.
	KeepsQuiet bool
	// Tolerant keeps the end of the test from failing on a malformed request.
	Tolerant bool

	t        testing.TB
	mu       sync.Mutex
	listener net.Listener
	conns    map[*BackendConn]bool
	requests []*Received
	accepted int
	running  sync.WaitGroup
}

// BackendConn is one connection that the proxy opened.
type BackendConn struct {
	net.Conn
	Number int // in order of acceptance, from 1
	// What Accept found before the first request.
	Opening string              // a PROXY header
	TLS     tls.ConnectionState // zero: none, or a handshake that failed
	reader  *bufio.Reader
	served  int
	dead    chan struct{} // closed when the backend was killed
	// midway says that a message has begun and not ended; b.mu guards it.
	midway bool
}

// Received is what a backend keeps of a request.
type Received struct {
	wire.Request       // its body and trailers once Complete
	Conn         int   // the number of its connection
	Nth          int   // on that connection, from 1
	Complete     bool  // the whole message came
	Problem      error // what was wrong with it, when it was malformed
}

// Exchange is a request that its backend's script answers; it belongs to the
// goroutine of its connection.
type Exchange struct {
	*wire.Request
	Conn  *BackendConn
	Nth   int
	ended bool // the script closed the connection
}

// NewBackend starts a backend that lives until the test ends.
func NewBackend(t testing.TB, name string, script ...func(*Backend)) *Backend {
	t.Helper()
	b := &Backend{Name: name, Address: freeAddress(t), t: t, conns: map[*BackendConn]bool{}}
	for _, set := range script {
		set(b)
	}
	b.Start()
	t.Cleanup(func() {
		b.Kill()
		b.running.Wait()
		for _, x := range b.Requests() {
			if x.Problem != nil && !b.Tolerant {
				t.Errorf("backend %s got a request that is %v", b.Name, x.Problem)
			}
		}
	})
	return b
}

// Handling is the script of a backend that only sets Handle.
func Handling(handle func(*Exchange)) func(*Backend) {
	return func(b *Backend) { b.Handle = handle }
}

// Start listens, for the first time or after Kill, always on the same address.
func (b *Backend) Start() {
	b.t.Helper()
	var listener net.Listener
	eventually(b.t, "backend "+b.Name+" listens", func() (done bool) {
		var err error
		listener, err = net.Listen(networkOf(b.Address))
		return err == nil
	})
	b.mu.Lock()
	b.listener = listener
	b.mu.Unlock()
	b.running.Go(func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			b.accepted++
			conn := &BackendConn{Conn: raw, Number: b.accepted, reader: newReaderOf(raw), dead: make(chan struct{})}
			b.conns[conn] = true
			b.mu.Unlock()
			b.running.Go(func() { b.serve(conn) })
		}
	})
}

// Kill refuses new connections and resets those it has.
func (b *Backend) Kill() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listener.Close()
	for conn := range b.conns {
		conn.Reset()
		close(conn.dead)
		delete(b.conns, conn)
	}
}

func newReaderOf(conn io.Reader) *bufio.Reader { return bufio.NewReaderSize(conn, 16<<10) }

func (b *Backend) serve(conn *BackendConn) {
	defer func() {
		conn.Close()
		b.mu.Lock()
		delete(b.conns, conn)
		b.mu.Unlock()
	}()
	if b.Accept != nil {
		b.Accept(conn)
	}
	for {
		if _, err := conn.reader.Peek(1); err != nil {
			return
		}
		b.update(func() { conn.midway = true })
		x := b.read(conn)
		if x == nil {
			return
		}
		if b.Handle != nil {
			b.Handle(x)
		} else {
			x.Echo(b.Name)
		}
		if x.ended || x.WantsClose() {
			return
		}
		b.update(func() { conn.midway = false })
	}
}

// read reads one request and records it as soon as anything of it is known. It
// returns nil when there is nothing to answer.
func (b *Backend) read(conn *BackendConn) *Exchange {
	request, err := wire.ReadRequestHead(conn.reader)
	conn.served++
	record := &Received{Request: *request, Conn: conn.Number, Nth: conn.served}
	b.update(func() {
		record.note(err)
		b.requests = append(b.requests, record)
	})
	if err != nil {
		return nil
	}
	x := &Exchange{Request: request, Conn: conn, Nth: conn.served}
	if request.HasBody() && request.Fields.Has("Expect", "100-continue") && !b.KeepsQuiet {
		x.Write("HTTP/1.1 100 Continue\r\n\r\n")
	}
	if b.Head != nil {
		if b.Head(x); x.ended {
			return nil
		}
	}
	err = request.ReadBody(conn.reader)
	b.update(func() {
		record.Request, record.Complete = *request, err == nil
		record.note(err)
	})
	if err != nil {
		return nil
	}
	return x
}

func (r *Received) note(err error) {
	if wire.IsSyntax(err) {
		r.Problem = err
	}
}

func (b *Backend) update(change func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

// Requests returns what came so far, in order of arrival.
func (b *Backend) Requests() (list []Received) {
	b.update(func() {
		for _, record := range b.requests {
			list = append(list, *record)
		}
	})
	return list
}

// Take is Requests, and forgets them.
func (b *Backend) Take() (list []Received) {
	b.update(func() {
		for _, record := range b.requests {
			list = append(list, *record)
		}
		b.requests = nil
	})
	return list
}

// Count returns how many requests came whose target starts with prefix.
func (b *Backend) Count(prefix string) (n int) {
	for _, x := range b.Requests() {
		if strings.HasPrefix(x.Target, prefix) {
			n++
		}
	}
	return n
}

// Quiet reports whether no connection is in the middle of a message.
func (b *Backend) Quiet() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for conn := range b.conns {
		if conn.midway {
			return false
		}
	}
	return true
}

// Connections returns how many connections are open and how many ever were.
func (b *Backend) Connections() (open, ever int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.conns), b.accepted
}

// Write sends bytes as they are; a proxy that has gone away is no failure here.
func (x *Exchange) Write(raw string) { io.WriteString(x.Conn, raw) }

// Reply answers with a length; fields are whole lines without their end.
func (x *Exchange) Reply(status int, body string, fields ...string) {
	head := fmt.Sprintf("HTTP/1.1 %d Scripted\r\nContent-Length: %d\r\n", status, len(body))
	for _, field := range fields {
		head += field + "\r\n"
	}
	if x.Method == "HEAD" || status == 204 || status == 304 {
		body = ""
	}
	x.Write(head + "\r\n" + body)
}

// Echo answers 200 with the backend's name, the method and the target.
func (x *Exchange) Echo(name string) {
	x.Reply(200, name+" "+x.Method+" "+x.Target, "X-Backend: "+name)
}

// Close ends the connection in order.
func (x *Exchange) Close() {
	x.ended = true
	x.Conn.Close()
}

// Reset ends the connection with a reset.
func (x *Exchange) Reset() {
	x.ended = true
	x.Conn.Reset()
}

// Reset closes with a reset; what the proxy has not read yet is lost.
func (c *BackendConn) Reset() { resetConn(c.Conn) }

// AwaitEnd waits until the proxy gives up the connection, and says whether it did.
func (x *Exchange) AwaitEnd() bool {
	x.Conn.SetReadDeadline(time.Now().Add(patience / 2))
	_, err := io.Copy(io.Discard, x.Conn.reader)
	x.ended = true
	var timeout net.Error
	return !errors.As(err, &timeout) || !timeout.Timeout()
}

// halfClose ends the backend's direction of the connection.
func halfClose(c *BackendConn) { c.Conn.(interface{ CloseWrite() error }).CloseWrite() }
