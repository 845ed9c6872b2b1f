package http1

const (
	versionStart = "HTTP/1."
	statusAt     = len("HTTP/1.1 ")
	statusEnd    = len("HTTP/1.1 200")
)

// readLine goes on with the status line in buf (RFC 9112 4); r.stage is inFields
// at its end. The space in front of an empty reason may be missing, as it is
// with some servers.
func (r *Response) readLine(buf []byte) fault {
	if r.stage == beforeLine {
		if !startsStatusLine(buf) {
			return badStatusLine
		}
		if len(buf) <= statusEnd {
			return noFault
		}
		code := buf[statusAt:statusEnd]
		r.Status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
		r.Minor = buf[statusAt-2] - '0'
		r.scan = statusEnd
		r.stage = inReason
	}
	i := textEnd(buf, r.scan)
	r.scan = i
	if i == len(buf) {
		return noFault
	}
	if buf[i] != '\r' {
		return badStatusLine
	}
	if i+1 == len(buf) {
		return noFault
	}
	if buf[i+1] != '\n' {
		return badLineEnd
	}
	r.LineEnd = int32(i + 2)
	r.stage = inFields
	return noFault
}

// startsStatusLine tells whether p can be the start of a status line, up to what
// follows the status: a peer of another protocol may wait for us to go on.
func startsStatusLine(p []byte) bool {
	for i := range min(len(p), statusEnd+1) {
		c := p[i]
		var ok bool
		switch {
		case i < len(versionStart):
			ok = c == versionStart[i]
		case i == len(versionStart), i > statusAt && i < statusEnd:
			ok = isDigit(c)
		case i == statusAt:
			ok = '1' <= c && c <= '5'
		case i == statusEnd:
			ok = c == ' ' || c == '\r'
		default:
			ok = c == ' '
		}
		if !ok {
			return false
		}
	}
	return true
}

func (r *Response) takeReason(buf []byte) {
	r.Reason = nil
	if line := buf[:r.LineEnd-2]; len(line) > statusEnd {
		r.Reason = line[statusEnd+1:]
	}
}
