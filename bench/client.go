//go:build linux

package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// A clientConn is one of the bench's own connections to a proxy.
type clientConn struct {
	conn    net.Conn
	address string
}

// openClient connects, by TLS unless config is nil, and makes one request.
func openClient(address string, config *tls.Config) (*clientConn, error) {
	const limit = 5 * time.Second
	conn, err := net.DialTimeout("tcp", address, limit)
	if err != nil {
		return nil, err
	}
	if config != nil {
		conn = tls.Client(conn, config)
	}
	c := &clientConn{conn, address}
	if err := c.request(); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// request asks for the answer of 125 B; the handshake, if there is to be one, comes with the first.
func (c *clientConn) request() error {
	if err := c.conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.conn, "GET /125 HTTP/1.1\r\nHost: %s\r\n\r\n", c.address); err != nil {
		return err
	}
	response, err := http.ReadResponse(bufio.NewReader(c.conn), nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK || response.Close {
		return errors.New("answered " + response.Status + " or closes the connection")
	}
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
