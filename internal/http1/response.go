package http1

import "bytes"

// A Response is a parsed response head. Its slices point into the buffer given
// to the last call of Parse and its offsets are into that buffer. Reset makes it
// ready for another one.
type Response struct {
	Message
	Status int   // 100 to 599
	Minor  uint8 // of the version, as of [Request]
	Reason []byte
	// Framing is Length also with a ContentLength of 0.
	Framing       Framing
	ContentLength int64 // what the field says, also where no body follows (HEAD, 304); 0 without the field
	// KeepAlive: the backend's version and options allow another request on the
	// connection, and nothing was odd about the message.
	KeepAlive        bool
	KeepAliveTimeout int // seconds that the backend says it will wait for a request; 0: it does not say
	// Upgrade is the value of the field where the connection option upgrade stands
	// with it, in HTTP/1.1; nil otherwise. Whether a 101 is in order depends on the request.
	Upgrade []byte
	LineEnd int32 // behind the status line's CR LF
}

// Reset makes r ready for the next head.
func (r *Response) Reset() { *r = Response{Message: Message{lines: lines{fields: r.lines.fields[:0]}}} }

// Parse reads the head of a response to a request of the given method from the
// start of buf; n and err are as of [Request.Parse], and the status of every
// error is 502.
func (r *Response) Parse(buf, requestMethod []byte, limits Limits) (n int, err error) {
	limits.setDefaults()
	if len(buf) > limits.Head {
		buf = buf[:limits.Head]
	}
	end, f := r.parse(buf, requestMethod, &limits)
	switch {
	case f != noFault:
		return 0, f.inResponse()
	case end > 0:
		return end, nil
	case len(buf) < limits.Head:
		r.resumed = true
		return 0, nil
	}
	return 0, longHead.inResponse()
}

func (r *Response) parse(buf, method []byte, limits *Limits) (end int, f fault) {
	if r.stage < inFields {
		if f := r.readLine(buf); f != noFault || r.stage < inFields {
			return 0, f
		}
		r.lines.start(int(r.LineEnd))
	}
	end, f = r.lines.read(buf, limits.Fields)
	if f != noFault || end == 0 {
		return 0, f
	}
	r.take(buf, end)
	r.takeReason(buf)
	return end, r.interpret(method)
}

func (r *Response) interpret(method []byte) fault {
	var body framingFields
	var options connectionOptions
	upgrade, refuses := false, false
	for i := range r.Fields {
		f := &r.Fields[i]
		fault := noFault
		switch f.ID {
		case Connection:
			fault = options.add(f.Value, r.Fields)
		case ContentLength:
			fault = body.addLength(f.Value)
		case TransferEncoding:
			fault = body.addCodings(f.Value)
		case KeepAlive:
			r.KeepAliveTimeout, refuses = keepAliveTimeout(f.Value)
		case Upgrade:
			upgrade = true
		}
		if fault != noFault {
			return fault
		}
	}
	if f := body.check(r.Minor); f != noFault {
		return f
	}
	r.ContentLength = body.value
	r.KeepAlive = options.persists(r.Minor) && !refuses
	if upgrade && options.upgrade && r.Minor > 0 {
		r.Upgrade = protocols(r.Fields)
	}
	r.frame(method, &body)
	return noFault
}

// frame finds the body's framing (RFC 9112 6.3).
func (r *Response) frame(method []byte, body *framingFields) {
	switch {
	case r.Status < 200 || r.Status == 204:
		r.Framing = NoBody
		if body.coded || body.value > 0 {
			// Forbidden here (RFC 9110 8.6, RFC 9112 6.1), so a body may follow all the same.
			r.KeepAlive = false
		}
	case string(method) == "HEAD" || r.Status == 304:
		r.Framing = NoBody
	case string(method) == "CONNECT" && r.Status < 300:
		r.Framing = NoBody
		r.KeepAlive = false
	case body.coded:
		r.Framing = Chunked
	case body.length != nil:
		r.Framing = Length
	default:
		r.Framing = UntilClose
		r.KeepAlive = false
	}
	if r.Status == 101 {
		r.KeepAlive = false
	}
}

// keepAliveTimeout reads timeout=N of a Keep-Alive field (RFC 2068 19.7.1.1). A
// backend that gives no time at all refuses further requests.
func keepAliveTimeout(list []byte) (seconds int, refuses bool) {
	for len(list) > 0 {
		var parameter []byte
		parameter, list = nextElement(list)
		name, value, ok := bytes.Cut(parameter, []byte{'='})
		if !ok || !equalFold(trim(name), "timeout") {
			continue
		}
		const day = 24 * 60 * 60
		if n, ok := parseLength(trim(value)); ok {
			return int(min(n, day)), n == 0
		}
	}
	return 0, false
}
