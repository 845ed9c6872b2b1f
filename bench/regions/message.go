//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

const longestLine = 4 << 10

// A message is what either side needs to know of a head, and its body is read.
type message struct {
	line   string
	fields map[string]string // by name in lower case
}

// readMessage reads a message that has its length in Content-Length, or no body.
func readMessage(r *bufio.Reader) (*message, error) {
	line, err := readLine(r)
	if err != nil {
		return nil, err
	}
	m := &message{line: line, fields: map[string]string{}}
	for {
		line, err := readLine(r)
		if err != nil {
			return m, midway(err)
		}
		if line == "" {
			break
		}
		name, value, found := strings.Cut(line, ":")
		if !found {
			return m, fmt.Errorf("no field: %.60q", line)
		}
		m.fields[strings.ToLower(name)] = strings.TrimSpace(value)
	}
	if m.fields["transfer-encoding"] != "" {
		return m, fmt.Errorf("a body of unknown length")
	}
	length, err := strconv.Atoi("0" + m.fields["content-length"])
	if err != nil {
		return m, err
	}
	_, err = io.CopyN(io.Discard, r, int64(length))
	return m, midway(err)
}

func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		if len(line) > 0 {
			err = midway(err)
		}
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// midway is err where the message had begun.
func midway(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// reset closes a connection without a word.
func reset(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}
