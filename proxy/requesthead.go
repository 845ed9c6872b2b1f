package proxy

import (
	"bytes"
	"strconv"

	"spillway/internal/http1"
)

// headEdits are the changes that a route makes to a head, ready to use.
type headEdits struct {
	drop  [][]byte // names whose fields go: those removed and those set anew
	lines []byte   // fields to add, each with its line end
}

func (e *headEdits) drops(name []byte) bool {
	for _, each := range e.drop {
		if len(each) == len(name) && bytes.EqualFold(each, name) {
			return true
		}
	}
	return false
}

// requestHead builds x.slices: the client's own bytes around the lines taken
// out and put in. They are valid as long as x.in and x.scratch are not touched.
func (x *exchange) requestHead() {
	r := &x.request
	x.slices = x.slices[:0]
	x.scratch = x.scratch[:0]
	head := r.Head()
	kept := x.requestLine(head)
	host := x.hostForBackend()
	edits := &x.route.requestEdits
	lengthSeen := false
	for i := range r.Fields {
		f := &r.Fields[i]
		keep := !f.Hop && !f.LookAlike
		if keep && f.ID != http1.Unknown {
			keep = x.keepsRequestField(f, host == nil, &lengthSeen)
		}
		if keep && len(edits.drop) > 0 {
			keep = !edits.drops(f.Name)
		}
		if !keep {
			x.addSlice(head[kept:f.Start])
			kept = int(f.End)
		}
	}
	x.addSlice(head[kept : len(head)-2])
	from := len(x.scratch)
	if host != nil {
		x.appendField("Host: ", host)
	}
	x.appendRequestFraming()
	if x.countsForwards() {
		x.appendMaxForwards()
	}
	x.appendForwarded()
	x.appendOrigin()
	x.scratch = append(x.scratch, edits.lines...)
	x.scratch = append(x.scratch, "\r\n"...)
	x.addSlice(x.scratch[from:])
}

// requestLine puts the request line into the slices where it has to be
// rewritten, and returns where the bytes to be kept begin.
func (x *exchange) requestLine(head []byte) (kept int) {
	r := &x.request
	if r.Minor != 1 {
		// The version is this hop's own (RFC 9112 2.6).
		head[r.LineEnd-3] = '1'
	}
	path := x.newPath
	if path == nil {
		if r.Form != http1.AbsoluteForm {
			return int(r.LineStart)
		}
		path = r.Path
	}
	from := len(x.scratch)
	x.scratch = append(x.scratch, r.Method...)
	x.scratch = append(x.scratch, ' ')
	x.scratch = append(x.scratch, path...)
	if len(r.RawQuery) > 0 {
		x.scratch = append(x.scratch, '?')
		x.scratch = append(x.scratch, r.RawQuery...)
	}
	x.scratch = append(x.scratch, " HTTP/1.1\r\n"...)
	x.addSlice(x.scratch[from:])
	return int(r.LineEnd)
}

// hostForBackend is the Host to send in place of the client's field, or nil to keep that.
func (x *exchange) hostForBackend() []byte {
	switch {
	case x.pool.hostLiteral != nil:
		return x.pool.hostLiteral
	case x.pool.hostBackend:
		return *x.backend.host.Load()
	case x.request.Form == http1.AbsoluteForm, x.request.Get(http1.Host) == nil:
		// The target's authority takes the field's place (RFC 9112 3.2.2).
		return x.request.Host
	}
	return nil
}

func (x *exchange) keepsRequestField(f *http1.Field, keepHost bool, lengthSeen *bool) bool {
	switch f.ID {
	case http1.Host:
		return keepHost
	case http1.ContentLength:
		first := !*lengthSeen
		*lengthSeen = true
		return first
	case http1.TransferEncoding, http1.Connection:
		return false
	case http1.MaxForwards:
		return !x.countsForwards()
	case http1.XForwardedFor, http1.XForwardedProto, http1.XForwardedHost, http1.XForwardedPort,
		http1.XRealIP, http1.XRequestID, http1.Forwarded, http1.XClientCert, http1.SpillwayOrigin:
		return x.keepsForwarded(f.ID)
	}
	return true
}

// appendRequestFraming adds the hop-by-hop fields of this hop.
func (x *exchange) appendRequestFraming() {
	if x.request.Framing == http1.Chunked {
		x.scratch = append(x.scratch, "Transfer-Encoding: chunked\r\n"...)
	}
	if up := x.request.Upgrade; up != nil {
		x.scratch = append(x.scratch, "Connection: Upgrade\r\n"...)
		x.appendField("Upgrade: ", up)
	}
}

// appendOrigin tells another spillway that it gets what had no room where it came
// from, so that it serves its own first and sends nothing on.
func (x *exchange) appendOrigin() {
	if !x.backend.spillway.Load() {
		return
	}
	switch own := x.worker.server.region(); {
	case len(x.origin) > 0:
		x.appendField("X-Spillway-Origin: ", x.origin)
	case x.member.Region != own:
		x.appendField("X-Spillway-Origin: ", []byte(own))
	}
}

// countsForwards tells whether Max-Forwards means something (RFC 9110 7.6.2).
func (x *exchange) countsForwards() bool {
	method := string(x.request.Method)
	return method == "OPTIONS" || method == "TRACE"
}

// forwardsLeft is what Max-Forwards still allows; ok is false where nothing limits it.
func (x *exchange) forwardsLeft() (n int, ok bool) {
	f := x.request.Get(http1.MaxForwards)
	if f == nil || !x.countsForwards() {
		return 0, false
	}
	n, err := strconv.Atoi(string(f.Value))
	return n, err == nil && n >= 0
}

func (x *exchange) appendMaxForwards() {
	if n, ok := x.forwardsLeft(); ok {
		x.scratch = append(x.scratch, "Max-Forwards: "...)
		x.scratch = strconv.AppendInt(x.scratch, int64(n-1), 10)
		x.scratch = append(x.scratch, "\r\n"...)
	}
}

func (x *exchange) appendField(name string, value []byte) {
	x.scratch = append(x.scratch, name...)
	x.scratch = append(x.scratch, value...)
	x.scratch = append(x.scratch, "\r\n"...)
}

func (x *exchange) addSlice(p []byte) {
	if len(p) > 0 {
		x.slices = append(x.slices, p)
	}
}

// responseHead builds x.slices for the answer, in the same way.
func (x *exchange) responseHead() {
	r := &x.response
	x.slices = x.slices[:0]
	x.scratch = x.scratch[:0]
	head := r.Head()
	head[7] = '1' // the version is this hop's own
	kept := 0
	edits := &x.route.responseEdits
	keepLength := r.Framing == http1.Length || r.Framing == http1.NoBody && r.Status != 204
	for i := range r.Fields {
		f := &r.Fields[i]
		keep := !f.Hop
		if keep && f.ID != http1.Unknown {
			switch f.ID {
			case http1.ContentLength:
				keep = keepLength
				keepLength = false
			case http1.TransferEncoding:
				keep = false
			}
		}
		if keep && len(edits.drop) > 0 {
			keep = !edits.drops(f.Name)
		}
		if x.pool.loadHeader != nil && x.takeReport(f) {
			keep = false
		}
		if !keep {
			x.addSlice(head[kept:f.Start])
			kept = int(f.End)
		}
	}
	if !x.addsToResponse(edits) {
		x.addSlice(head[kept:])
		return
	}
	x.addSlice(head[kept : len(head)-2])
	from := len(x.scratch)
	if x.chunksToClient() {
		x.scratch = append(x.scratch, "Transfer-Encoding: chunked\r\n"...)
	}
	if r.Status != 101 {
		x.scratch = x.appendConnection(x.scratch)
	} else {
		x.scratch = append(x.scratch, "Connection: Upgrade\r\n"...)
		x.appendField("Upgrade: ", r.Upgrade)
	}
	x.appendStickyCookie()
	x.scratch = append(x.scratch, edits.lines...)
	x.scratch = append(x.scratch, "\r\n"...)
	x.addSlice(x.scratch[from:])
}

// addsToResponse tells whether the head needs any line of this hop's own.
func (x *exchange) addsToResponse(edits *headEdits) bool {
	return !x.keepAlive || x.request.Minor == 0 || x.response.Status == 101 || x.setSRV || len(edits.lines) > 0 || x.chunksToClient()
}

// chunksToClient tells whether the answer's body goes out in chunks: it came so,
// or without a length on a connection that is not kept.
func (x *exchange) chunksToClient() bool {
	f := x.response.Framing
	return (f == http1.Chunked || f == http1.UntilClose) && x.request.Minor > 0
}

// interimHead builds x.slices for a 1xx answer.
func (x *exchange) interimHead() {
	r := &x.response
	x.slices = x.slices[:0]
	head := r.Head()
	head[7] = '1'
	kept := 0
	for i := range r.Fields {
		f := &r.Fields[i]
		if f.Hop || f.ID == http1.ContentLength || f.ID == http1.TransferEncoding {
			x.addSlice(head[kept:f.Start])
			kept = int(f.End)
		}
	}
	x.addSlice(head[kept:])
}

// appendStickyCookie sets the balancer's own cookie where the client does not have it yet.
func (x *exchange) appendStickyCookie() {
	if !x.setSRV {
		return
	}
	s := x.pool.sticky
	x.scratch = append(x.scratch, "Set-Cookie: "...)
	x.scratch = append(x.scratch, s.cookie...)
	x.scratch = append(x.scratch, '=')
	x.scratch = appendHex(x.scratch, x.member.Backend.Hash())
	x.scratch = append(x.scratch, "; Path=/"...)
	if s.maxAge > 0 {
		x.scratch = append(x.scratch, "; Max-Age="...)
		x.scratch = strconv.AppendInt(x.scratch, s.maxAge, 10)
	}
	x.scratch = append(x.scratch, "; HttpOnly; SameSite=Lax\r\n"...)
}
