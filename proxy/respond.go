package proxy

import (
	"strconv"
	"time"

	"spillway/internal/http1"
	"spillway/internal/http2"
	"spillway/internal/loop"
	"spillway/internal/router"
)

// answerError answers with a short text.
func (x *exchange) answerError(r *refusal) {
	x.record.end = r.end
	if r.closes {
		x.keepAlive = false
	}
	if r.status == 0 {
		return
	}
	if x.grpc {
		x.answerGRPC(r)
		return
	}
	x.beginAnswer(r.status)
	x.scratch = append(x.scratch, "Content-Type: text/plain; charset=utf-8\r\n"...)
	if r.status == 429 {
		x.scratch = append(x.scratch, x.limitLines...)
	}
	if r.retry {
		x.scratch = append(x.scratch, "Retry-After: 1\r\n"...)
	}
	x.finishAnswer(r.text, "\n")
}

// giveUp ends a request that no backend has answered. Where part of an answer
// went out already, all that is left is to close.
func (x *exchange) giveUp(r *refusal) {
	if x.answered || x.raw {
		x.keepAlive = false
		if x.record.end == "" {
			x.record.end = r.end
		}
		return
	}
	x.answerError(r)
}

// answerFixed is a route's `respond`.
func (x *exchange) answerFixed(f *fixedAnswer) {
	x.record.end = "respond"
	x.beginAnswer(f.status)
	x.scratch = append(x.scratch, f.fields...)
	x.finishAnswer(f.body, "")
}

// answerRedirect is a route's `redirect`.
func (x *exchange) answerRedirect(r *redirectAnswer) {
	values := &x.worker.values
	*values = router.Vars{Scheme: x.client.scheme(), Authority: x.request.Host, Path: x.path, Query: x.request.RawQuery}
	place, ok := r.to.Append(x.worker.place[:0], values)
	x.worker.place = place
	if !ok {
		x.answerError(errBadHost)
		return
	}
	x.record.end = "redirect"
	x.beginAnswer(r.status)
	x.appendField("Location: ", place)
	x.finishAnswer("", "")
}

// beginAnswer starts an answer of spillway's own in the scratch space. What is
// left of the request's body is dealt with first: read if it is short, else the
// connection closes after the answer.
func (x *exchange) beginAnswer(status int) {
	x.record.status = status
	if x.keepAlive && !x.client.stream && !x.skipBody() {
		x.keepAlive = false
	}
	x.scratch = append(x.scratch[:0], "HTTP/1.1 "...)
	x.scratch = strconv.AppendInt(x.scratch, int64(status), 10)
	x.scratch = append(x.scratch, ' ')
	x.scratch = append(x.scratch, http1.StatusText(status)...)
	x.scratch = append(x.scratch, "\r\nDate: "...)
	x.scratch = x.worker.appendDate(x.scratch)
	x.scratch = append(x.scratch, "\r\n"...)
}

func (x *exchange) finishAnswer(body, end string) {
	bodyless := x.record.status == 204 || x.record.status == 304
	if !bodyless {
		x.scratch = append(x.scratch, "Content-Length: "...)
		x.scratch = strconv.AppendInt(x.scratch, int64(len(body)+len(end)), 10)
		x.scratch = append(x.scratch, "\r\n"...)
	}
	x.scratch = x.appendConnection(x.scratch)
	x.scratch = append(x.scratch, "\r\n"...)
	if !bodyless && string(x.request.Method) != "HEAD" {
		x.scratch = append(x.scratch, body...)
		x.scratch = append(x.scratch, end...)
		x.record.bytesOut = int64(len(body) + len(end))
	}
	x.sendAnswer()
}

// sendAnswer writes the answer that stands in the scratch space.
func (x *exchange) sendAnswer() {
	x.answered = true
	conn := x.client.conn
	conn.SetWriteDeadline(deadlineAfter(x.worker.loop.Now(), x.settings.bodyTimeout))
	if _, err := conn.Write(x.task, x.scratch); err != nil {
		x.keepAlive = false
		x.record.end = "client_reset"
	}
}

// appendConnection says to the client what becomes of its connection, where its
// version does not say it already (RFC 9112 9.3).
func (x *exchange) appendConnection(dst []byte) []byte {
	switch {
	case !x.keepAlive:
		return append(dst, "Connection: close\r\n"...)
	case x.request.Minor == 0:
		return append(dst, "Connection: keep-alive\r\n"...)
	}
	return dst
}

const (
	lingerTime  = int64(2 * time.Second)
	lingerBytes = 1 << 20
)

// closeClient ends the connection. Where the client may still be sending, its
// input is read for a while first: closing at once would send a reset, which
// may destroy the answer before it is read (RFC 9112 9.6).
func (x *exchange) closeClient() {
	cl := x.client
	x.client = nil
	if s, ok := cl.conn.(*http2.Stream); ok && x.outOfTime() && x.response.Status != 101 {
		s.Cancel() // of an answer that is whole nothing is left to be cancelled
		cl.close()
		return
	}
	if x.record.reset {
		cl.conn.Reset()
		cl.close()
		return
	}
	mayStillSend := !x.requestRead() || x.body.surplus || (x.in != nil && !x.in.empty())
	if x.answered && mayStillSend && !cl.stream && !cl.conn.HungUp() {
		x.linger(cl)
	}
	cl.close()
}

func (x *exchange) linger(cl *client) {
	if cl.conn.CloseWrite(x.task) != nil {
		return
	}
	cl.conn.SetReadDeadline(x.worker.loop.Now() + lingerTime)
	if x.in == nil {
		x.in = x.worker.buffers.take()
	}
	for left := lingerBytes; left > 0; {
		n, err := cl.conn.Read(x.task, x.in.data)
		if err != nil {
			return
		}
		left -= n
	}
}

// appendDate appends the time of day as HTTP writes it (RFC 9110 5.6.7).
func (w *worker) appendDate(dst []byte) []byte {
	if now := w.loop.Now() / int64(time.Second); now != w.dateAt || len(w.date) == 0 {
		w.dateAt = now
		w.date = loop.WallTime(w.loop.Now()).UTC().AppendFormat(w.date[:0], "Mon, 02 Jan 2006 15:04:05 GMT")
	}
	return append(dst, w.date...)
}
