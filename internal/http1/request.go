package http1

// A Request is a parsed request head. Its slices point into the buffer given to
// the last call of Parse and its offsets are into that buffer. Reset makes it
// ready for another one.
type Request struct {
	Message
	Method, Target []byte
	Form           TargetForm
	// Scheme is that of a target in absolute form; nil otherwise.
	Scheme []byte
	// Host is the effective authority, valid and with its port as it came: the
	// target's, where it has one, else the Host field's (RFC 9112 3.2.2, 3.3).
	// It is empty for an HTTP/1.0 request without either.
	Host []byte
	// Path and RawQuery are the target's, the latter without its question mark. The
	// path of an absolute form without one is "/", the asterisk form's is "*", and
	// CONNECT has none.
	Path, RawQuery []byte
	// Minor is the version's second digit. A message of HTTP/1.2 or higher is to be
	// understood as one of HTTP/1.1, but not to be forwarded with that version
	// (RFC 9110 2.5, 6.2).
	Minor uint8
	// Framing is Length only with a ContentLength above 0. A Content-Length of 0
	// makes it NoBody.
	Framing       Framing
	ContentLength int64
	// KeepAlive: the client's version and options allow another request on the
	// connection, and nothing was odd about them.
	KeepAlive bool
	// Expect100: the client may wait for a 100 response before it sends the body (RFC 9110 10.1.1).
	Expect100 bool
	// Trailers: the client takes trailer fields (RFC 9110 10.1.4).
	Trailers bool
	// Upgrade lists the protocols that the client would switch to, where bytes may be
	// tunnelled for all of them; nil otherwise. There are none in HTTP/1.0, with a body, without
	// the connection option upgrade, or for a protocol that would take requests out
	// of the proxy's sight (HTTP/2, TLS).
	Upgrade []byte
	// LineStart is where the request line begins, behind an empty line that is
	// passed over; LineEnd is behind its CR LF. The version's second digit is at LineEnd-3.
	LineStart, LineEnd     int32
	TargetStart, TargetEnd int32
}

// Reset makes r ready for the next head.
func (r *Request) Reset() { *r = Request{Message: Message{lines: lines{fields: r.lines.fields[:0]}}} }

// Parse reads a request head from the start of buf. n is its length; 0 without
// an error asks for more bytes: then call again with the same bytes and more,
// which may stand elsewhere in memory. All calls for one head together take time
// linear in its length. An error is final and an *Error.
func (r *Request) Parse(buf []byte, limits Limits) (n int, err error) {
	limits.setDefaults()
	if len(buf) > limits.Head {
		buf = buf[:limits.Head]
	}
	end, f := r.parse(buf, &limits)
	switch {
	case f != noFault:
		return 0, f.inRequest()
	case end > 0:
		return end, nil
	case len(buf) < limits.Head:
		r.resumed = true
		return 0, nil
	case r.stage < inFields:
		return 0, longTarget.inRequest()
	}
	return 0, longHead.inRequest()
}

func (r *Request) parse(buf []byte, limits *Limits) (end int, f fault) {
	if r.stage < inFields {
		if f := r.readLine(buf, limits); f != noFault || r.stage < inFields {
			return 0, f
		}
		r.lines.start(int(r.LineEnd))
	}
	end, f = r.lines.read(buf, limits.Fields)
	if f != noFault || end == 0 {
		return 0, f
	}
	r.take(buf, end)
	if r.resumed {
		if f := r.takeLine(buf); f != noFault {
			return 0, f
		}
	}
	return end, r.interpret()
}

// requestFields is what interpret finds in the fields.
type requestFields struct {
	host       []byte
	hosts      int
	body       framingFields
	connection connectionOptions
	upgrade    bool
	continues  bool // there is an Expect: 100-continue
}

// interpret derives from the fields what the message is.
func (r *Request) interpret() fault {
	var seen requestFields
	for i := range r.Fields {
		if id := r.Fields[i].ID; id != Unknown && id <= Expect {
			if f := r.note(&r.Fields[i], &seen); f != noFault {
				return f
			}
		}
	}
	if f := r.settleHost(&seen); f != noFault {
		return f
	}
	if f := seen.body.check(r.Minor); f != noFault {
		return f
	}
	switch {
	case seen.body.coded:
		r.Framing = Chunked
	case seen.body.value > 0:
		r.Framing, r.ContentLength = Length, seen.body.value
	}
	r.KeepAlive = seen.connection.persists(r.Minor)
	r.Expect100 = seen.continues && r.Minor > 0 && r.Framing != NoBody
	if seen.upgrade && seen.connection.upgrade && r.Minor > 0 && r.Framing == NoBody {
		r.Upgrade = r.tunnelable(protocols(r.Fields))
	}
	return noFault
}

func (r *Request) note(f *Field, seen *requestFields) fault {
	switch f.ID {
	case Host:
		seen.hosts++
		seen.host = f.Value
	case Connection:
		return seen.connection.add(f.Value, r.Fields)
	case ContentLength:
		return seen.body.addLength(f.Value)
	case TransferEncoding:
		return seen.body.addCodings(f.Value)
	case TE:
		r.Trailers = r.Trailers || r.Minor > 0 && offers(f.Value, "trailers")
	case Upgrade:
		seen.upgrade = true
	case Expect:
		return r.noteExpect(f.Value, seen)
	}
	return noFault
}

// noteExpect takes an Expect field. What else than 100-continue is expected can not
// be promised for a backend (RFC 9110 10.1.1).
func (r *Request) noteExpect(list []byte, seen *requestFields) fault {
	for len(list) > 0 {
		var each []byte
		each, list = nextElement(list)
		switch {
		case len(each) == 0:
		case equalFold(each, "100-continue"):
			seen.continues = true
		case r.Minor > 0:
			return badExpectation
		}
	}
	return noFault
}

// settleHost demands one valid Host, which only HTTP/1.0 may leave out (RFC 9112
// 3.2), and finds the effective one.
func (r *Request) settleHost(seen *requestFields) fault {
	switch {
	case seen.hosts > 1:
		return manyHosts
	case seen.hosts == 1 && !validAuthority(seen.host):
		return badHost
	case seen.hosts == 0 && r.Minor > 0:
		return noHost
	}
	if r.Form == OriginForm || r.Form == AsteriskForm {
		r.Host = seen.host
	}
	return noFault
}

// tunnelable returns the list of protocols if bytes may be tunnelled for each of
// them. Another HTTP or TLS would hide requests from the proxy; a WebSocket
// begins with GET (RFC 6455 4.1).
func (r *Request) tunnelable(list []byte) []byte {
	if offers(list, "http", "h2c", "h2", "h3", "tls") {
		return nil
	}
	if offers(list, "websocket") && string(r.Method) != "GET" {
		return nil
	}
	return list
}
