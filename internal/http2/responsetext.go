package http2

// statusLine begins the text of a response. The acceptance of extended CONNECT
// becomes HTTP/1.1's switch of protocols (RFC 8441 5).
func (x *headText) statusLine() bool {
	if x.status == "" {
		return false
	}
	if x.switches() {
		x.out = append(x.out, "HTTP/1.1 101 \r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: "...)
		x.out = append(x.out, x.accept...)
		x.out = append(x.out, "\r\n"...)
		return true
	}
	x.out = append(x.out, "HTTP/1.1 "...)
	x.out = append(x.out, x.status...)
	x.out = append(x.out, " \r\n"...)
	return true
}

// switches tells whether the response takes up a WebSocket.
func (x *headText) switches() bool { return x.accept != "" && x.status != "" && x.status[0] == '2' }

// interim tells whether another head follows.
func (x *headText) interim() bool { return len(x.status) > 0 && x.status[0] == '1' }

// endResponse ends the text of a response. bodiless: none follows, whatever its
// fields say.
func (x *headText) endResponse(bodiless bool) bool {
	if x.switches() {
		x.length, bodiless = -1, true
	}
	if !x.finish(!bodiless) {
		return false
	}
	x.out = append(x.out, "\r\n"...)
	return true
}

// endTrailer ends the text of a trailer section.
func (x *headText) endTrailer() bool {
	if !x.finish(false) {
		return false
	}
	x.out = append(x.out, "\r\n"...)
	return true
}
