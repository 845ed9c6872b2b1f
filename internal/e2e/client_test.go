package e2e

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"spillway/internal/e2e/wire"
)

// Client is one connection to the proxy, by the bytes.
type Client struct {
	net.Conn
	t      testing.TB
	reader *bufio.Reader
}

// dial connects; the connection is closed when the test ends.
func dial(t testing.TB, address string) *Client {
	t.Helper()
	conn, err := dialRaw(address)
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, conn)
}

// dialFrom is dial with an address of the loopback as the client's own.
func dialFrom(t testing.TB, source, address string) *Client {
	t.Helper()
	from := net.Dialer{Timeout: patience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(source)}}
	conn, err := from.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, conn)
}

func newClient(t testing.TB, conn net.Conn) *Client {
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(3 * patience))
	return &Client{conn, t, bufio.NewReader(conn)}
}

// Send writes bytes as they are.
func (c *Client) Send(raw string) {
	c.t.Helper()
	if _, err := io.WriteString(c, raw); err != nil {
		c.t.Errorf("sending %.60q: %v", raw, err)
	}
}

// Read returns the next final response; anything else ends the test.
func (c *Client) Read(method string) *wire.Response {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	response, err := wire.ReadResponse(c.reader, method)
	if err != nil {
		c.t.Fatalf("reading the response to %s: %v (status %d, %d bytes of body)", method, err, response.Status, len(response.Body))
	}
	return response
}

// Do sends a request without content and returns its response; fields are whole
// lines without their end, and Host is added where none is given.
func (c *Client) Do(method, target string, fields ...string) *wire.Response {
	c.t.Helper()
	c.Send(head(method, target, fields...))
	return c.Read(method)
}

// Get is Do for GET.
func (c *Client) Get(target string, fields ...string) *wire.Response {
	c.t.Helper()
	return c.Do("GET", target, fields...)
}

// Post sends a body with its length and returns the response.
func (c *Client) Post(target, body string, fields ...string) *wire.Response {
	c.t.Helper()
	c.Send(head("POST", target, append(fields, fmt.Sprint("Content-Length: ", len(body)))...) + body)
	return c.Read("POST")
}

// AwaitEnd reads on until the proxy closes, and returns what came before that.
func (c *Client) AwaitEnd() string {
	c.t.Helper()
	c.SetReadDeadline(time.Now().Add(patience))
	rest, err := io.ReadAll(c.reader)
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		c.t.Fatal("the proxy never closes the connection")
	}
	return string(rest)
}

// answers sends each of the openings on a connection of its own, all at the same
// time, and returns what came before the proxy closed it.
func answers(t testing.TB, address string, openings map[string]string) map[string]string {
	t.Helper()
	clients, got := map[string]*Client{}, map[string]string{}
	for what, opening := range openings {
		clients[what] = dial(t, address)
		clients[what].Write([]byte(opening))
	}
	for what, c := range clients {
		got[what] = c.AwaitEnd()
	}
	return got
}

// CloseWrite ends the client's direction.
func (c *Client) CloseWrite() { c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// Reset closes with a reset.
func (c *Client) Reset() { resetConn(c.Conn) }

// resetConn closes with a reset where that exists, and TLS without a word.
func resetConn(conn net.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if more, ok := conn.(buffered); ok {
		conn = more.Conn
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

func head(method, target string, fields ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, target)
	host := false
	for _, field := range fields {
		b.WriteString(field + "\r\n")
		host = host || strings.HasPrefix(field, "Host:")
	}
	if !host {
		b.WriteString("Host: example.com\r\n")
	}
	return b.String() + "\r\n"
}

// get asks once, on a connection of its own.
func get(t testing.TB, address, target string, fields ...string) *wire.Response {
	t.Helper()
	c := dial(t, address)
	defer c.Close()
	return c.Get(target, fields...)
}

// expect fails the test unless the response has that status and body.
func expect(t testing.TB, what string, r *wire.Response, status int, body string) {
	t.Helper()
	if r.Status != status || string(r.Body) != body {
		t.Errorf("%s: %d %.80q, want %d %.80q", what, r.Status, r.Body, status, body)
	}
}

func newReader(raw string) *bufio.Reader { return bufio.NewReader(strings.NewReader(raw)) }

func dialRaw(address string) (net.Conn, error) {
	network, address := networkOf(address)
	return net.DialTimeout(network, address, patience)
}

// networkOf splits an address of a configuration for package net.
func networkOf(address string) (network, rest string) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return "unix", path
	}
	return "tcp", address
}
