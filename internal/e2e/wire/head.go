// Package wire reads HTTP/1.1 messages by the letter of RFC 9112, for tests
// that sit on both sides of a proxy. It shares no code with the proxy, accepts
// no deviation that a recipient may tolerate, and keeps what it read, so a test
// can say what a strict peer would have seen.
package wire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// SyntaxError says that the bytes are no HTTP/1.1 message; a message that
// merely ended too soon is io.ErrUnexpectedEOF or the connection's own error.
type SyntaxError struct{ Reason string }

func (e *SyntaxError) Error() string { return "malformed: " + e.Reason }

func malformed(format string, args ...any) error {
	return &SyntaxError{fmt.Sprintf(format, args...)}
}

// IsSyntax reports whether err says that the bytes were wrong, not that they
// ended.
func IsSyntax(err error) bool {
	var syntax *SyntaxError
	return errors.As(err, &syntax)
}

// Field is one field line: the name as it came, the value without the white
// space around it.
type Field struct{ Name, Value string }

// Fields is a header or trailer section in the order of the wire.
type Fields []Field

// Values returns the value of every line of that name, in order.
func (f Fields) Values(name string) []string {
	var values []string
	for _, field := range f {
		if equalFold(field.Name, name) {
			values = append(values, field.Value)
		}
	}
	return values
}

// Get returns the lines of that name as one list; ok is false when there is none.
func (f Fields) Get(name string) (value string, ok bool) {
	values := f.Values(name)
	return strings.Join(values, ", "), len(values) > 0
}

// Has reports whether a comma-separated field holds the token, whatever its case.
func (f Fields) Has(name, token string) bool {
	for _, value := range f.Values(name) {
		for element := range strings.SplitSeq(value, ",") {
			if equalFold(strings.Trim(element, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// equalFold ignores the case of ASCII letters only: the Kelvin sign is no k.
func equalFold(a, b string) bool {
	return len(a) == len(b) && strings.EqualFold(a, b)
}

// maxLine bounds what a test keeps of a line that never ends.
const maxLine = 4 << 20

func readLine(br *bufio.Reader) (string, error) {
	var line []byte
	for {
		piece, err := br.ReadSlice('\n')
		line = append(line, piece...)
		if len(line) > maxLine {
			return "", malformed("a line of more than %d bytes", maxLine)
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if err == io.EOF && len(line) > 0 {
			return string(line), io.ErrUnexpectedEOF
		}
		if err != nil {
			return string(line), err
		}
		break
	}
	if !bytes.HasSuffix(line, []byte("\r\n")) {
		return "", malformed("a bare LF ends %q", clip(line))
	}
	line = line[:len(line)-2]
	if i := bytes.IndexAny(line, "\r\x00"); i >= 0 {
		return "", malformed("a bare CR or NUL in %q", clip(line))
	}
	return string(line), nil
}

func clip(b []byte) string {
	if len(b) > 120 {
		return string(b[:120]) + "..."
	}
	return string(b)
}

// readFields reads field lines up to and including the empty line.
func readFields(br *bufio.Reader) (Fields, error) {
	var fields Fields
	for {
		line, err := readLine(br)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return fields, err
		}
		if line == "" {
			return fields, nil
		}
		if line[0] == ' ' || line[0] == '\t' {
			return fields, malformed("obs-fold %q", clip([]byte(line)))
		}
		name, value, colon := strings.Cut(line, ":")
		if !colon || !isToken(name) {
			return fields, malformed("no field line: %q", clip([]byte(line)))
		}
		fields = append(fields, Field{name, strings.Trim(value, " \t")})
	}
}

func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// framing says how a body is delimited (RFC 9112, section 6.3).
type framing struct {
	chunked bool
	coded   bool  // a Transfer-Encoding that does not end in chunked
	length  int64 // -1: no Content-Length
}

func framingOf(fields Fields) (framing, error) {
	f := framing{length: -1}
	codings, lengths := fields.Values("Transfer-Encoding"), fields.Values("Content-Length")
	switch {
	case len(codings) > 0 && len(lengths) > 0:
		return f, malformed("Content-Length beside Transfer-Encoding")
	case len(codings) > 1 || len(lengths) > 1:
		return f, malformed("a framing field twice")
	case len(codings) == 1:
		list := strings.Split(codings[0], ",")
		last := strings.Trim(list[len(list)-1], " \t")
		f.chunked = equalFold(last, "chunked")
		f.coded = !f.chunked
	case len(lengths) == 1:
		n, err := strconv.ParseUint(lengths[0], 10, 63)
		if err != nil || strings.Trim(lengths[0], "0123456789") != "" {
			return f, malformed("Content-Length %q", lengths[0])
		}
		f.length = int64(n)
	}
	return f, nil
}
