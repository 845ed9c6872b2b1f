package http1

// stage is how far a head has been read.
type stage uint8

const (
	beforeLine stage = iota
	inMethod
	inTarget
	inVersion
	inReason
	inFields
)

// maxMethod bounds a method; the longest registered one has 17 letters. RFC 9112 3
// recommends 501 for what is longer than any that is implemented.
const maxMethod = 64

// readLine goes on with the request line in buf (RFC 9112 3); r.stage is inFields at its end.
func (r *Request) readLine(buf []byte, limits *Limits) fault {
	if r.stage == beforeLine {
		if f := r.skipEmptyLine(buf); f != noFault || r.stage == beforeLine {
			return f
		}
	}
	if r.stage == inMethod {
		if f := r.readMethod(buf); f != noFault || r.stage == inMethod {
			return f
		}
	}
	if r.stage == inTarget {
		if f := r.readTarget(buf, limits.Target); f != noFault || r.stage == inTarget {
			return f
		}
	}
	minor, n, f := readVersion(buf[r.TargetEnd+1:])
	if f != noFault || n == 0 {
		return f
	}
	r.Minor = minor
	r.LineEnd = r.TargetEnd + 1 + int32(n)
	r.stage = inFields
	return r.takeLine(buf)
}

// skipEmptyLine passes over one empty line, which some clients send behind a
// body (RFC 9112 2.2).
func (r *Request) skipEmptyLine(buf []byte) fault {
	if len(buf) > 0 && buf[0] == '\r' {
		if len(buf) == 1 {
			return noFault
		}
		if buf[1] != '\n' {
			return badLineEnd
		}
		r.LineStart = 2
	}
	if len(buf) > int(r.LineStart) {
		r.scan = int(r.LineStart)
		r.stage = inMethod
	}
	return noFault
}

func (r *Request) readMethod(buf []byte) fault {
	i := r.scan
	for i < len(buf) && tokenChar[buf[i]] != 0 {
		i++
	}
	length := i - int(r.LineStart)
	switch {
	case length > maxMethod:
		return longMethod
	case i == len(buf):
		r.scan = i
		return noFault
	case length == 0 && (buf[i] == '\r' || buf[i] == '\n'):
		return badRequestLine
	case length == 0 || buf[i] != ' ':
		return badMethod
	}
	r.scan = i + 1
	r.TargetStart = int32(i + 1)
	r.stage = inTarget
	return noFault
}

func (r *Request) readTarget(buf []byte, most int) fault {
	i := r.scan
	for i < len(buf) && targetChar[buf[i]] {
		i++
	}
	length := i - int(r.TargetStart)
	switch {
	case length > most:
		return longTarget
	case i == len(buf):
		r.scan = i
		return noFault
	case length == 0:
		return badTarget
	case buf[i] == '\r' || buf[i] == '\n':
		return badVersion
	case buf[i] != ' ':
		return badTarget
	}
	r.TargetEnd = int32(i)
	r.stage = inVersion
	return noFault
}

const versionLine = "HTTP/1.1\r\n"

// readVersion reads the version and the line's end from the start of p: HTTP/1.x in
// capitals, with one digit each (RFC 9112 2.3). n is 0 while p is too short.
func readVersion(p []byte) (minor uint8, n int, f fault) {
	if len(p) >= len(versionLine) && string(p[:len(versionLine)]) == versionLine {
		return 1, len(versionLine), noFault
	}
	for i := range min(len(p), len(versionLine)) {
		if c := p[i]; (i == 5 || i == 7) && isDigit(c) || (i != 5 && i != 7) && c == versionLine[i] {
			continue
		}
		return 0, 0, badVersion
	}
	if len(p) < len(versionLine) {
		return 0, 0, noFault
	}
	if p[5] != '1' {
		return 0, 0, otherVersion
	}
	return p[7] - '0', len(versionLine), noFault
}

// takeLine takes the parts of the request line out of buf.
func (r *Request) takeLine(buf []byte) fault {
	r.Method = buf[r.LineStart : r.TargetStart-1]
	r.Target = buf[r.TargetStart:r.TargetEnd]
	return r.parseTarget()
}
